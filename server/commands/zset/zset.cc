// Sorted sets member by member: adding, removing, scores and ranks.
#include <cstdint>

#include "server/commands/families.h"
#include "server/commands/zset_access.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::ZaddOptions;
using storage::ZaddOutcome;
using storage::ZsetOrder;
namespace events = command::events;
namespace wire = protocol::wire;

struct ZaddArguments {
  ZaddOptions options;
  bool count_changed = false;  // CH
  size_t first = 2;            // the first score

  // Reads one option; false when the argument is none.
  bool Read(const Context& ctx, size_t i);
};

bool ZaddArguments::Read(const Context& ctx, size_t i) {
  bool* const option = ctx.Is(i, "NX")     ? &options.only_new
                       : ctx.Is(i, "XX")   ? &options.only_present
                       : ctx.Is(i, "GT")   ? &options.only_greater
                       : ctx.Is(i, "LT")   ? &options.only_less
                       : ctx.Is(i, "CH")   ? &count_changed
                       : ctx.Is(i, "INCR") ? &options.increment
                                           : nullptr;
  if (option != nullptr) *option = true;
  return option != nullptr;
}

bool ReadScore(Context& ctx, size_t i, double* score) {
  if (storage::ParseDouble(ctx[i], score)) return true;
  ctx.reply.Error(wire::kNotFloat);
  return false;
}

// Adds score and member pairs from argument `first` on. All scores are read before anything is added.
void Add(Context& ctx, const ZaddArguments& arguments) {
  const size_t first = arguments.first;
  const bool one = ctx.size() - first == 2;
  double score = 0;
  for (size_t i = first; i < ctx.size(); i += 2) {
    if (!ReadScore(ctx, i, &score)) return;
  }
  const storage::Key key = ctx.Key(1);
  ZsetToChange zset(ctx, key);
  if (zset.failed()) return;
  const bool increment = arguments.options.increment;
  uint64_t added = 0, changed = 0;
  ZaddOutcome outcome = ZaddOutcome::kRefused;
  if (zset.exists() || !arguments.options.only_present) {
    if (!zset.exists()) zset.Begin();
    for (size_t i = first; i < ctx.size(); i += 2) {
      if (!one) storage::ParseDouble(ctx[i], &score);
      outcome = zset->Add(ctx[i + 1], &score, arguments.options);
      if (outcome == ZaddOutcome::kNan) return ctx.reply.Error("ERR resulting score is not a number (NaN)");
      added += outcome == ZaddOutcome::kAdded;
      changed += outcome == ZaddOutcome::kChanged;
    }
  }
  if (added + changed > 0) zset.Changed((increment ? events::kZincr : events::kZadd).Times(added + changed));
  if (!increment) {
    return ctx.reply.Integer(static_cast<int64_t>(arguments.count_changed ? added + changed : added));
  }
  if (outcome == ZaddOutcome::kRefused) return ctx.reply.Null();
  ctx.reply.Double(score);
}

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
void Zadd(Context& ctx) {
  ZaddArguments arguments;
  while (arguments.first < ctx.size() && arguments.Read(ctx, arguments.first)) ++arguments.first;
  const size_t pairs = ctx.size() - arguments.first;
  if (pairs == 0 || pairs % 2 != 0) return ctx.ReplySyntaxError();
  const ZaddOptions& options = arguments.options;
  if (options.only_new && options.only_present) {
    return ctx.reply.Error("ERR XX and NX options at the same time are not compatible");
  }
  if (options.only_greater + options.only_less + options.only_new > 1) {
    return ctx.reply.Error("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && pairs > 2) {
    return ctx.reply.Error("ERR INCR option supports a single increment-element pair");
  }
  Add(ctx, arguments);
}

// ZINCRBY key increment member
void ZincrBy(Context& ctx) { Add(ctx, {.options = {.increment = true}}); }

// ZREM key member [member ...]
void Zrem(Context& ctx) {
  ZsetToChange zset(ctx, ctx.Key(1));
  if (zset.failed()) return;
  uint64_t removed = 0;
  if (zset.exists()) {
    for (size_t i = 2; i < ctx.size(); ++i) removed += zset->Remove(ctx[i]);
  }
  if (removed > 0) zset.Changed(events::kZrem.Times(removed));
  ctx.reply.Integer(static_cast<int64_t>(removed));
}

// ZCARD key
void Zcard(Context& ctx) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Integer(found.zset ? static_cast<int64_t>(found.zset->size()) : 0);
}

void ReplyScore(Context& ctx, const ZsetToRead& found, std::string_view member) {
  const std::optional<double> score = found.zset ? found.zset->Score(member) : std::nullopt;
  if (!score) return ctx.reply.Null();
  ctx.reply.Double(*score);
}

// ZSCORE key member
void Zscore(Context& ctx) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (!found.failed) ReplyScore(ctx, found, ctx[2]);
}

// ZMSCORE key member [member ...]
void Zmscore(Context& ctx) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) ReplyScore(ctx, found, ctx[i]);
}

void ReplyRank(Context& ctx, ZsetOrder order) {
  if (ctx.size() > 4) return ctx.reply.Error(wire::WrongArity(ctx.command.name));
  const bool with_score = ctx.size() == 4;
  if (with_score && !ctx.Is(3, "WITHSCORE")) return ctx.ReplySyntaxError();
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  double score = 0;
  const std::optional<uint64_t> rank = found.zset ? found.zset->Rank(ctx[2], &score) : std::nullopt;
  if (!rank) return with_score ? ctx.reply.NullArray() : ctx.reply.Null();
  if (with_score) ctx.reply.Array(2);
  ctx.reply.Integer(
      static_cast<int64_t>(order == ZsetOrder::kAscending ? *rank : found.zset->size() - 1 - *rank));
  if (with_score) ctx.reply.Double(score);
}

// ZRANK key member [WITHSCORE]
void Zrank(Context& ctx) { ReplyRank(ctx, ZsetOrder::kAscending); }

// ZREVRANK key member [WITHSCORE]
void ZrevRank(Context& ctx) { ReplyRank(ctx, ZsetOrder::kDescending); }

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kAddKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr KeySpec kIncrementKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};
constexpr KeySpec kRemoveKey[] = {{.flags = kKeyRw | kKeyDelete}};

constexpr CommandSpec kCommands[] = {
    {.name = "zadd",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .keys = kAddKey,
     .handler = Zadd,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(log(N)) for each member, N being the size of the sorted set.",
     .summary = "Adds members with scores to a sorted set, or changes the scores of those that are there.",
     .syntax =
         "key condition=[NX | XX] comparison=[GT | LT] [change=CH] [increment=INCR] score member [score "
         "member ...]"},
    {.name = "zincrby",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .keys = kIncrementKey,
     .handler = ZincrBy,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Adds a number to the score of a member; an absent one counts as 0.",
     .syntax = "key increment member"},
    {.name = "zrem",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = kRemoveKey,
     .handler = Zrem,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(M*log(N)), N being the size of the sorted set and M the number of members to remove.",
     .summary = "Removes members from a sorted set; with the last one the key goes.",
     .syntax = "key member [member ...]"},
    {.name = "zcard",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKeyNoAccess,
     .handler = Zcard,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Counts the members of a sorted set.",
     .syntax = "key"},
    {.name = "zscore",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zscore,
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Returns the score of a member.",
     .syntax = "key member"},
    {.name = "zmscore",
     .arity = -3,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zmscore,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = "O(N), N being the number of members that are asked for.",
     .summary = "Returns the scores of several members.",
     .syntax = "key member [member ...]"},
    {.name = "zrank",
     .arity = -3,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zrank,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Returns the place of a member by ascending score, counted from 0.",
     .syntax = "key member [WITHSCORE]"},
    {.name = "zrevrank",
     .arity = -3,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrevRank,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Returns the place of a member by descending score, counted from 0.",
     .syntax = "key member [WITHSCORE]"},
};

}  // namespace

std::span<const CommandSpec> ZsetCommands() { return kCommands; }

}  // namespace corral::commands
