// Parts of sorted sets by rank, score and bytes: ZRANGE and its kin, which read, and ZRANGESTORE.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/commands/families.h"
#include "server/commands/stored_result.h"
#include "server/commands/zset/zset_bounds.h"
#include "server/commands/zset_access.h"
#include "storage/types/packed_object.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::RankSpan;
using storage::ZsetOrder;
using storage::ZsetReader;
namespace events = command::events;

// The arguments of one of these commands: what its name says, and then its options.
struct RangeRequest {
  enum class By : uint8_t { kAny, kRank, kScore, kLex };  // kAny: an option may say, else by rank

  size_t key = 1;  // where the key stands; the bounds follow
  By by = By::kAny;
  ZsetOrder order = ZsetOrder::kAscending;
  bool takes_order = false;  // REV may be said
  bool stores = false;       // replies have WITHSCORES, stored ranges have their scores anyway
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // negative: none
  RankArguments ranks = {};
  storage::ScoreRange scores = {};
  storage::LexRange lex = {};

  // False after a mistake, which is answered.
  bool Read(Context& ctx);
  // What is asked for of this set.
  RankSpan Span(const ZsetReader& zset) const;

 private:
  bool ReadOptions(Context& ctx);
  RankSpan Limited(RankSpan span) const;
};

bool RangeRequest::ReadOptions(Context& ctx) {
  for (size_t i = key + 3; i < ctx.size(); ++i) {
    if (!stores && ctx.Is(i, "WITHSCORES")) {
      with_scores = true;
    } else if (ctx.Is(i, "LIMIT") && i + 2 < ctx.size()) {
      if (!ctx.ReadInteger(i + 1, &offset) || !ctx.ReadInteger(i + 2, &limit)) return false;
      i += 2;
    } else if (takes_order && ctx.Is(i, "REV")) {
      order = ZsetOrder::kDescending;
      takes_order = false;
    } else if (by == By::kAny && ctx.Is(i, "BYLEX")) {
      by = By::kLex;
    } else if (by == By::kAny && ctx.Is(i, "BYSCORE")) {
      by = By::kScore;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  if (by == By::kAny) by = By::kRank;
  return true;
}

bool RangeRequest::Read(Context& ctx) {
  if (!ReadOptions(ctx)) return false;
  if (limit != -1 && by == By::kRank) {
    ctx.reply.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (with_scores && by == By::kLex) {
    ctx.reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  size_t low = key + 1, high = key + 2;
  if (by == By::kRank) return ReadRanks(ctx, low, high, &ranks);
  if (order == ZsetOrder::kDescending) std::swap(low, high);
  return by == By::kScore ? ReadScoreRange(ctx, low, high, &scores) : ReadLexRange(ctx, low, high, &lex);
}

RankSpan RangeRequest::Span(const ZsetReader& zset) const {
  if (by == By::kScore) return Limited(zset.Ranks(scores));
  if (by == By::kLex) return Limited(zset.Ranks(lex));
  const uint64_t size = zset.size();
  RankSpan span = ranks.Span(size);
  if (order == ZsetOrder::kDescending) span.first = size - span.first - span.count;
  return span;
}

RankSpan RangeRequest::Limited(RankSpan span) const {
  if (offset < 0 || static_cast<uint64_t>(offset) >= span.count) return {};
  uint64_t count = span.count - static_cast<uint64_t>(offset);
  if (limit >= 0) count = std::min(count, static_cast<uint64_t>(limit));
  const auto skipped = static_cast<uint64_t>(offset);
  span.first += order == ZsetOrder::kAscending ? skipped : span.count - skipped - count;
  span.count = count;
  return span;
}

void ReplyRange(Context& ctx, RangeRequest request) {
  if (!request.Read(ctx)) return;
  const ZsetToRead found(ctx, ctx.Key(request.key));
  if (found.failed) return;
  if (!found.zset) return ctx.reply.Array(0);
  const RankSpan span = request.Span(*found.zset);
  found.zset->Each(span, request.order, MembersReply(ctx.reply, span.count, request.with_scores));
}

using By = RangeRequest::By;

// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
void Zrange(Context& ctx) { ReplyRange(ctx, {.takes_order = true}); }

// ZREVRANGE key start stop [WITHSCORES]
void ZrevRange(Context& ctx) { ReplyRange(ctx, {.by = By::kRank, .order = ZsetOrder::kDescending}); }

// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
void ZrangeByScore(Context& ctx) { ReplyRange(ctx, {.by = By::kScore}); }

// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
void ZrevRangeByScore(Context& ctx) { ReplyRange(ctx, {.by = By::kScore, .order = ZsetOrder::kDescending}); }

// ZRANGEBYLEX key min max [LIMIT offset count]
void ZrangeByLex(Context& ctx) { ReplyRange(ctx, {.by = By::kLex}); }

// ZREVRANGEBYLEX key max min [LIMIT offset count]
void ZrevRangeByLex(Context& ctx) { ReplyRange(ctx, {.by = By::kLex, .order = ZsetOrder::kDescending}); }

// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
void ZrangeStore(Context& ctx) {
  RangeRequest request{.key = 2, .takes_order = true, .stores = true};
  if (!request.Read(ctx)) return;
  const ZsetToRead found(ctx, ctx.Key(2));
  if (found.failed) return;
  const RankSpan span = found.zset ? request.Span(*found.zset) : RankSpan{};
  storage::DetachedValue result(storage::PackedForm::kZset);
  if (found.zset) {
    storage::ZsetWriter writer(result, ZsetLimitsOf(ctx));
    found.zset->Each(span, ZsetOrder::kAscending,
                     [&](std::string_view member, double score) { writer.Append(member, score); });
  }
  StoreResult(ctx, std::move(result), events::kZrangeStore);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kStoreKeys[] = {{.flags = kKeyOw | kKeyUpdate},
                                  {.flags = kKeyRo | kKeyAccess, .begin_index = 2}};

constexpr std::string_view kPart =
    "O(log(N)+M), N being the size of the sorted set and M the number of members returned.";

constexpr CommandSpec kCommands[] = {
    {.name = "zrange",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zrange,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = kPart,
     .summary = "Returns the members in a range of ranks, scores or bytes.",
     .syntax = "key start stop sortby=[BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]"},
    {.name = "zrangestore",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .keys = kStoreKeys,
     .handler = ZrangeStore,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = "O(log(N)+M), N being the size of the sorted set and M the number of members stored.",
     .summary = "Stores the members in a range of ranks, scores or bytes as another sorted set.",
     .syntax = "dst src min max sortby=[BYSCORE | BYLEX] [REV] [LIMIT offset count]"},
    {.name = "zrevrange",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrevRange,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = kPart,
     .summary = "Returns the members in a range of ranks, the highest score first.",
     .syntax = "key start stop [WITHSCORES]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` argument"},
    {.name = "zrangebyscore",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrangeByScore,
     .group = "sorted-set",
     .since = "1.0.5",
     .complexity = kPart,
     .summary = "Returns the members in a range of scores.",
     .syntax = "key min max [WITHSCORES] [LIMIT offset count]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYSCORE` argument"},
    {.name = "zrevrangebyscore",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrevRangeByScore,
     .group = "sorted-set",
     .since = "2.2.0",
     .complexity = kPart,
     .summary = "Returns the members in a range of scores, the highest first.",
     .syntax = "key max min [WITHSCORES] [LIMIT offset count]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments"},
    {.name = "zrangebylex",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrangeByLex,
     .group = "sorted-set",
     .since = "2.8.9",
     .complexity = kPart,
     .summary = "Returns the members between two, where all have the same score.",
     .syntax = "key min max [LIMIT offset count]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYLEX` argument"},
    {.name = "zrevrangebylex",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrevRangeByLex,
     .group = "sorted-set",
     .since = "2.8.9",
     .complexity = kPart,
     .summary = "Returns the members between two, the last first, where all have the same score.",
     .syntax = "key max min [LIMIT offset count]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments"},
};

}  // namespace

std::span<const CommandSpec> ZsetRangeCommands() { return kCommands; }

}  // namespace corral::commands
