// Sorted sets from their ends: ZPOPMIN, ZPOPMAX, ZMPOP.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "server/commands/families.h"
#include "server/commands/zset_access.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using protocol::Version;
using storage::RankSpan;
using storage::ZsetOrder;
namespace events = command::events;
namespace wire = protocol::wire;

// Ascending: the lowest scores go.
uint64_t Pop(Context& ctx, ZsetToChange& zset, ZsetOrder order, uint64_t most, bool pairs) {
  const uint64_t size = zset->reader().size();
  const uint64_t count = std::min(most, size);
  const RankSpan span{order == ZsetOrder::kAscending ? 0 : size - count, count};
  zset->reader().Each(span, order, MembersReply(ctx.reply, count, true, pairs));
  zset->Remove(span);
  zset.Changed((order == ZsetOrder::kAscending ? events::kZpopMin : events::kZpopMax).Times(count));
  return count;
}

void PopOne(Context& ctx, ZsetOrder order) {
  if (ctx.size() > 3) return ctx.ReplySyntaxError();
  const bool has_count = ctx.size() == 3;
  int64_t count = 1;
  if (has_count &&
      !ctx.ReadIntegerInRange(2, 0, std::numeric_limits<int64_t>::max(), &count, wire::kNotPositive)) {
    return;
  }
  ZsetToChange zset(ctx, ctx.Key(1));
  if (zset.failed()) return;
  if (!zset.exists() || count == 0) return ctx.reply.Array(0);
  Pop(ctx, zset, order, static_cast<uint64_t>(count), has_count && ctx.reply.version() == Version::kResp3);
}

// ZPOPMIN key [count]
void ZpopMin(Context& ctx) { PopOne(ctx, ZsetOrder::kAscending); }

// ZPOPMAX key [count]
void ZpopMax(Context& ctx) { PopOne(ctx, ZsetOrder::kDescending); }

// ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]
void Zmpop(Context& ctx) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t keys = 0, count = 1;
  if (!ctx.ReadIntegerInRange(1, 1, kMost, &keys, "ERR numkeys should be greater than 0")) return;
  if (keys >= static_cast<int64_t>(ctx.size()) - 2) return ctx.ReplySyntaxError();
  const size_t first_key = 2, where = first_key + static_cast<size_t>(keys);
  const bool lowest = ctx.Is(where, "MIN");
  if (!lowest && !ctx.Is(where, "MAX")) return ctx.ReplySyntaxError();
  if (ctx.size() > where + 1) {
    if (!ctx.Is(where + 1, "COUNT") || ctx.size() == where + 2) return ctx.ReplySyntaxError();
    if (!ctx.ReadIntegerInRange(where + 2, 1, kMost, &count, "ERR count should be greater than 0")) return;
    if (ctx.size() > where + 3) return ctx.ReplySyntaxError();
  }
  for (size_t i = first_key; i < where; ++i) {
    ZsetToChange zset(ctx, ctx.Key(i));
    if (zset.failed()) return;
    if (!zset.exists()) continue;
    ctx.reply.Array(2);
    ctx.reply.Bulk(ctx[i]);
    const uint64_t popped = Pop(ctx, zset, lowest ? ZsetOrder::kAscending : ZsetOrder::kDescending,
                                static_cast<uint64_t>(count), true);
    return ctx.PropagateAs({lowest ? "ZPOPMIN" : "ZPOPMAX", ctx[i], static_cast<int64_t>(popped)});
  }
  ctx.reply.NullArray();
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kPopKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete}};
constexpr KeySpec kPopKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete, .find = KeySpec::Find::kKeynum}};

constexpr std::string_view kCost =
    "O(M*log(N)), N being the size of the sorted set and M the number of members popped.";

constexpr CommandSpec kCommands[] = {
    {.name = "zpopmin",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = kPopKey,
     .handler = ZpopMin,
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = kCost,
     .summary = "Removes and returns the members with the lowest scores.",
     .syntax = "key [count]"},
    {.name = "zpopmax",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .keys = kPopKey,
     .handler = ZpopMax,
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = kCost,
     .summary = "Removes and returns the members with the highest scores.",
     .syntax = "key [count]"},
    {.name = "zmpop",
     .arity = -4,
     .flags = kWrite | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kPopKeys,
     .handler = Zmpop,
     .group = "sorted-set",
     .since = "7.0.0",
     .complexity =
         "O(K) + O(M*log(N)), K being the number of keys, N the size of the sorted set and M the number of "
         "members popped.",
     .summary = "Removes and returns members from the first of several sorted sets that has any.",
     .syntax = "numkeys key [key ...] where=<MIN | MAX> [COUNT count]"},
};

}  // namespace

std::span<const CommandSpec> ZsetPopCommands() { return kCommands; }

}  // namespace corral::commands
