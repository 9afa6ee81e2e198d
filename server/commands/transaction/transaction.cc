// Transactions: MULTI, EXEC, DISCARD, and the keys that are watched for them.
// https://redis.io/docs/latest/develop/interact/transactions/
#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/transaction/watches.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// MULTI
void Multi(Context& ctx) {
  if (ctx.client.transaction != nullptr) return ctx.reply.Error("ERR MULTI calls can not be nested");
  ctx.client.transaction = std::make_unique<client::Transaction>();
  ctx.reply.Ok();
}

// EXEC. Answers what has to be said before the queued commands run; the executor runs them behind it.
void Exec(Context& ctx) {
  client::Client& client = ctx.client;
  transaction::Watches& watches = ctx.services.watches;
  if (client.transaction == nullptr) return ctx.reply.Error("ERR EXEC without MULTI");
  const bool aborted = client.transaction->aborted;
  const bool broken = watches.Broken(client, ctx.now_ms());
  watches.ForgetLocked(client);
  if (!aborted && !broken) {
    ctx.reply.Array(client.transaction->queue.size());
    return;
  }
  client.transaction.reset();
  if (aborted) return ctx.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  ctx.reply.NullArray();
}

// DISCARD
void Discard(Context& ctx) {
  if (ctx.client.transaction == nullptr) return ctx.reply.Error("ERR DISCARD without MULTI");
  ctx.client.transaction.reset();
  ctx.services.watches.Forget(ctx.client);
  ctx.reply.Ok();
}

// WATCH key [key ...]
void Watch(Context& ctx) {
  if (ctx.client.transaction != nullptr) return ctx.reply.Error("ERR WATCH inside MULTI is not allowed");
  for (size_t i = 1; i < ctx.size(); ++i) ctx.services.watches.Add(ctx.client, ctx.db, ctx.Key(i));
  ctx.reply.Ok();
}

// UNWATCH
void Unwatch(Context& ctx) {
  ctx.services.watches.Forget(ctx.client);
  ctx.reply.Ok();
}

using enum command::Flag;
using enum command::Category;

constexpr uint32_t kAnyTime = kNoScript | kLoading | kStale | kAllowBusy;
constexpr command::KeySpec kWatchedKeys[] = {{.flags = command::kKeyRo, .last = -1}};

constexpr CommandSpec kRows[] = {
    {.name = "discard",
     .arity = 1,
     .flags = kAnyTime | kFast | kRunsInMulti,
     .categories = kCatTransaction,
     .handler = Discard,
     .group = "transactions",
     .since = "2.0.0",
     .complexity = "O(N), when N is the number of queued commands",
     .summary = "Forgets the commands that were queued since MULTI.",
     .syntax = ""},
    {.name = "exec",
     .arity = 1,
     .flags = kNoScript | kLoading | kStale | kSkipSlowlog | kRunsInMulti | kRunsQueue,
     .categories = kCatTransaction,
     .handler = Exec,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "Depends on the queued commands",
     .summary = "Runs the commands that were queued since MULTI, as one.",
     .syntax = ""},
    {.name = "multi",
     .arity = 1,
     .flags = kAnyTime | kFast | kRunsInMulti,
     .categories = kCatTransaction,
     .handler = Multi,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins a transaction: commands are queued until EXEC.",
     .syntax = ""},
    {.name = "unwatch",
     .arity = 1,
     .flags = kAnyTime | kFast,
     .categories = kCatTransaction,
     .handler = Unwatch,
     .group = "transactions",
     .since = "2.2.0",
     .complexity = "O(N), N being the number of watched keys",
     .summary = "Forgets the keys that the connection watches.",
     .syntax = ""},
    {.name = "watch",
     .arity = -2,
     .flags = kAnyTime | kFast | kRunsInMulti,
     .categories = kCatTransaction,
     .keys = kWatchedKeys,
     .handler = Watch,
     .group = "transactions",
     .since = "2.2.0",
     .complexity = "O(1) for every key.",
     .summary = "Lets the next EXEC run nothing if one of the keys changes before it.",
     .syntax = "key [key ...]"},
};

}  // namespace

std::span<const CommandSpec> TransactionCommands() { return kRows; }

}  // namespace corral::commands
