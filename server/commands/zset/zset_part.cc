// Parts of sorted sets by rank, score and bytes: counting and removing them.
#include <cstdint>

#include "server/commands/families.h"
#include "server/commands/zset/zset_bounds.h"
#include "server/commands/zset_access.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::Event;
using command::KeySpec;
namespace events = command::events;

// `span_of(reader)` says which members are meant.
template <class SpanOf>
void Count(Context& ctx, const SpanOf& span_of) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Integer(found.zset ? static_cast<int64_t>(span_of(*found.zset).count) : 0);
}

template <class SpanOf>
void Remove(Context& ctx, const Event& event, const SpanOf& span_of) {
  ZsetToChange zset(ctx, ctx.Key(1));
  if (zset.failed()) return;
  if (!zset.exists()) return ctx.reply.Integer(0);
  const storage::RankSpan span = span_of(zset->reader());
  zset->Remove(span);
  if (span.count > 0) zset.Changed(event.Times(span.count));
  ctx.reply.Integer(static_cast<int64_t>(span.count));
}

// ZCOUNT key min max
void Zcount(Context& ctx) {
  storage::ScoreRange range;
  if (!ReadScoreRange(ctx, 2, 3, &range)) return;
  Count(ctx, [&](const storage::ZsetReader& zset) { return zset.Ranks(range); });
}

// ZLEXCOUNT key min max
void ZlexCount(Context& ctx) {
  storage::LexRange range;
  if (!ReadLexRange(ctx, 2, 3, &range)) return;
  Count(ctx, [&](const storage::ZsetReader& zset) { return zset.Ranks(range); });
}

// ZREMRANGEBYRANK key start stop
void ZremRangeByRank(Context& ctx) {
  RankArguments ranks;
  if (!ReadRanks(ctx, 2, 3, &ranks)) return;
  Remove(ctx, events::kZremRangeByRank,
         [&](const storage::ZsetReader& zset) { return ranks.Span(zset.size()); });
}

// ZREMRANGEBYSCORE key min max
void ZremRangeByScore(Context& ctx) {
  storage::ScoreRange range;
  if (!ReadScoreRange(ctx, 2, 3, &range)) return;
  Remove(ctx, events::kZremRangeByScore, [&](const storage::ZsetReader& zset) { return zset.Ranks(range); });
}

// ZREMRANGEBYLEX key min max
void ZremRangeByLex(Context& ctx) {
  storage::LexRange range;
  if (!ReadLexRange(ctx, 2, 3, &range)) return;
  Remove(ctx, events::kZremRangeByLex, [&](const storage::ZsetReader& zset) { return zset.Ranks(range); });
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kRemoveKey[] = {{.flags = kKeyRw | kKeyDelete}};

constexpr std::string_view kRemoveCost =
    "O(M*log(N)), N being the size of the sorted set and M the number of members removed.";

constexpr CommandSpec kCommands[] = {
    {.name = "zcount",
     .arity = 4,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zcount,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Counts the members in a range of scores.",
     .syntax = "key min max"},
    {.name = "zlexcount",
     .arity = 4,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZlexCount,
     .group = "sorted-set",
     .since = "2.8.9",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Counts the members between two, where all have the same score.",
     .syntax = "key min max"},
    {.name = "zremrangebyrank",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = kRemoveKey,
     .handler = ZremRangeByRank,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = kRemoveCost,
     .summary = "Removes the members in a range of ranks; with the last one the key goes.",
     .syntax = "key start stop"},
    {.name = "zremrangebyscore",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = kRemoveKey,
     .handler = ZremRangeByScore,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = kRemoveCost,
     .summary = "Removes the members in a range of scores; with the last one the key goes.",
     .syntax = "key min max"},
    {.name = "zremrangebylex",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .keys = kRemoveKey,
     .handler = ZremRangeByLex,
     .group = "sorted-set",
     .since = "2.8.9",
     .complexity = kRemoveCost,
     .summary =
         "Removes the members between two, where all have the same score; with the last one the key goes.",
     .syntax = "key min max"},
};

}  // namespace

std::span<const CommandSpec> ZsetPartCommands() { return kCommands; }

}  // namespace corral::commands
