// Whole databases: their sizes, emptying and swapping them.
#include <climits>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
namespace wire = protocol::wire;

// DBSIZE
void DbSize(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(ctx.db.size())); }

// The [ASYNC | SYNC] of FLUSHDB and FLUSHALL; false after a syntax error.
bool ReadReclaim(Context& ctx, storage::Reclaim* reclaim) {
  bool lazy = ctx.services.settings.lazyfree_lazy_user_flush;
  if (ctx.size() == 2 && ctx.Is(1, "ASYNC")) {
    lazy = true;
  } else if (ctx.size() == 2 && ctx.Is(1, "SYNC")) {
    lazy = false;
  } else if (ctx.size() > 1) {
    ctx.ReplySyntaxError();
    return false;
  }
  *reclaim = ReclaimWhen(lazy);
  return true;
}

// FLUSHDB [ASYNC | SYNC]
void FlushDb(Context& ctx) {
  storage::Reclaim reclaim;
  if (!ReadReclaim(ctx, &reclaim)) return;
  const uint64_t keys = ctx.db.size();
  ctx.services.keyspace.Flush(ctx.db.index(), reclaim);
  ctx.Flushed(ctx.db.index(), keys);
  ctx.reply.Ok();
}

// FLUSHALL [ASYNC | SYNC]
void FlushAll(Context& ctx) {
  storage::Reclaim reclaim;
  if (!ReadReclaim(ctx, &reclaim)) return;
  uint64_t keys = 0;
  for (int i = 0; i < ctx.services.keyspace.databases(); ++i) {
    keys += ctx.Database(i).size();
    ctx.services.keyspace.Flush(i, reclaim);
  }
  ctx.Flushed(-1, keys);
  ctx.reply.Ok();
}

// SWAPDB index1 index2
void SwapDb(Context& ctx) {
  int64_t first = 0, second = 0;
  if (!ctx.ReadIntegerInRange(1, INT_MIN, INT_MAX, &first, "ERR invalid first DB index") ||
      !ctx.ReadIntegerInRange(2, INT_MIN, INT_MAX, &second, "ERR invalid second DB index")) {
    return;
  }
  const int databases = ctx.services.keyspace.databases();
  if (first < 0 || first >= databases || second < 0 || second >= databases)
    return ctx.reply.Error(wire::kDbIndex);
  if (first != second) ctx.services.keyspace.Swap(static_cast<int>(first), static_cast<int>(second));
  ctx.Swapped(static_cast<int>(first), static_cast<int>(second));
  ctx.reply.Ok();
}

using enum command::Flag;
using enum command::Category;

constexpr std::string_view kSumOverAllShards[] = {"request_policy:all_shards", "response_policy:agg_sum"};
constexpr std::string_view kAllShards[] = {"request_policy:all_shards", "response_policy:all_succeeded"};

constexpr CommandSpec kCommands[] = {
    {.name = "dbsize",
     .arity = 1,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .handler = DbSize,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Counts the keys of the selected database.",
     .syntax = "",
     .tips = kSumOverAllShards},
    {.name = "flushdb",
     .arity = -1,
     .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .handler = FlushDb,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys in the database.",
     .summary = "Deletes every key of the selected database.",
     .syntax = "async=[ASYNC | SYNC]",
     .tips = kAllShards},
    {.name = "flushall",
     .arity = -1,
     .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .handler = FlushAll,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys in all databases.",
     .summary = "Deletes every key of every database.",
     .syntax = "async=[ASYNC | SYNC]",
     .tips = kAllShards},
    {.name = "swapdb",
     .arity = 3,
     .flags = kWrite | kFast | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .handler = SwapDb,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N), N being the number of clients that watch or wait for keys of either database.",
     .summary = "Exchanges the contents of two databases.",
     .syntax = "index1 index2"},
};

}  // namespace

std::span<const CommandSpec> DatabaseCommands() { return kCommands; }

}  // namespace corral::commands
