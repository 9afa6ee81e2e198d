// Commands about the daemon as a whole: TIME, ROLE, WAIT, SHUTDOWN, LOLWUT, and what answers that a part is
// not there.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/commands/server/absent_rows.h"
#include "server/commands/server/lolwut.h"
#include "server/commands/wait_deadline.h"
#include "server/log/log.h"
#include "server/process/version.h"
#include "storage/base/random.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// LOLWUT [VERSION version [columns [rows [animals]]]]
void Lolwut(Context& ctx) {
  // Columns, rows and animals, each within what a screen shows.
  int64_t sizes[] = {66, 10, 7};
  constexpr int64_t kMost[] = {160, 60, 100};
  if (ctx.size() >= 3 && ctx.Is(1, "VERSION")) {
    int64_t version = 0;
    if (!ctx.ReadInteger(2, &version)) return;
    for (size_t k = 0; k < 3 && k + 3 < ctx.size(); ++k) {
      if (!ctx.ReadInteger(k + 3, &sizes[k])) return;
      sizes[k] = std::clamp<int64_t>(sizes[k], 1, kMost[k]);
    }
  }
  std::string text = DrawCorral(static_cast<int>(sizes[0]), static_cast<int>(sizes[1]),
                                static_cast<int>(sizes[2]), storage::SystemSeed());
  text += fmt::format("\nCorral {}. Redis ver. {}\n", process::kVersion, process::kCompatibleVersion);
  ctx.reply.Verbatim("txt", text);
}

// ROLE
void Role(Context& ctx) {
  ctx.reply.Array(3);
  ctx.reply.Bulk("master");
  ctx.reply.Integer(0);
  ctx.reply.Array(0);
}

// SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]
void Shutdown(Context& ctx) {
  bool save = false, no_save = false, now = false, force = false, abort = false;
  for (size_t i = 1; i < ctx.size(); ++i) {
    bool* option = ctx.Is(i, "SAVE")     ? &save
                   : ctx.Is(i, "NOSAVE") ? &no_save
                   : ctx.Is(i, "NOW")    ? &now
                   : ctx.Is(i, "FORCE")  ? &force
                   : ctx.Is(i, "ABORT")  ? &abort
                                         : nullptr;
    if (option == nullptr) return ctx.ReplySyntaxError();
    *option = true;
  }
  if ((abort && (save || no_save || now || force)) || (save && no_save)) return ctx.ReplySyntaxError();
  if (abort) {
    // Only one by signal waits, and only while DEBUG PAUSE-CRON lasts.
    if (ctx.services.lifecycle.AbortShutdown()) return ctx.reply.Ok();
    return ctx.reply.Error("ERR No shutdown in progress.");
  }
  if (save && !force) {
    log::Warning(
        "SHUTDOWN SAVE refused: this version cannot save the data set; SHUTDOWN NOSAVE ends without.");
    return ctx.reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  log::Warning("User requested shutdown...");
  ctx.services.lifecycle.RequestShutdown();
  ctx.client.CloseAfterReply();
}

// TIME
void Time(Context& ctx) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  ctx.reply.Array(2);
  ctx.reply.BulkInteger(us / 1'000'000);
  ctx.reply.BulkInteger(us % 1'000'000);
}

class WaitForReplicas final : public client::Wait {
 public:
  void ReplyTimeout(protocol::ReplyWriter& reply) override { reply.Integer(0); }
};

class WaitForAof final : public client::Wait {
 public:
  void ReplyTimeout(protocol::ReplyWriter& reply) override { ReplyNone(reply); }
  static void ReplyNone(protocol::ReplyWriter& reply) {
    reply.Array(2);
    reply.Integer(0);
    reply.Integer(0);
  }
};

// WAIT numreplicas timeout
void Wait(Context& ctx) {
  int64_t replicas = 0, deadline_ms = 0;
  if (!ctx.ReadInteger(1, &replicas) || !ReadDeadline(ctx, 2, &deadline_ms)) return;
  // There are no replicas: none is enough, more never come.
  if (replicas <= 0) return ctx.reply.Integer(0);
  ctx.client.Block(std::make_unique<WaitForReplicas>(), deadline_ms);
}

// WAITAOF numlocal numreplicas timeout
void WaitAof(Context& ctx) {
  int64_t local = 0, replicas = 0, deadline_ms = 0;
  if (!ctx.ReadIntegerInRange(1, 0, 1, &local, {})) return;
  constexpr std::string_view kReplicas = "ERR value is out of range, must be positive";
  if (!ctx.ReadIntegerInRange(2, 0, INT64_MAX, &replicas, kReplicas)) return;
  if (!ReadDeadline(ctx, 3, &deadline_ms)) return;
  if (local > 0) {
    return ctx.reply.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  if (replicas == 0) return WaitForAof::ReplyNone(ctx.reply);
  ctx.client.Block(std::make_unique<WaitForAof>(), deadline_ms);
}

constexpr std::string_view kChanging[] = {"nondeterministic_output"};
constexpr std::string_view kWaitTips[] = {"request_policy:all_shards", "response_policy:agg_min"};

constexpr CommandSpec kRows[] = {
    {.name = "cluster",
     .arity = -2,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for commands about a cluster.",
     .syntax = "",
     .subcommands = kClusterSubcommands},
    {.name = "lolwut",
     .arity = -1,
     .flags = command::kReadonly | command::kFast,
     .handler = Lolwut,
     .group = "server",
     .since = "5.0.0",
     .complexity = "",
     .summary = "Draws something, and tells the version.",
     .syntax = "[VERSION version]"},
    {.name = "module",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for commands about modules.",
     .syntax = "",
     .subcommands = kModuleSubcommands},
    {.name = "readonly",
     .arity = 1,
     .flags = command::kLoading | command::kStale | command::kFast,
     .categories = command::kCatConnection,
     .handler = RefuseCluster,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Lets the connection read from a cluster's replica.",
     .syntax = ""},
    {.name = "readwrite",
     .arity = 1,
     .flags = command::kLoading | command::kStale | command::kFast,
     .categories = command::kCatConnection,
     .handler = RefuseCluster,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Ends READONLY.",
     .syntax = ""},
    {.name = "role",
     .arity = 1,
     .flags = command::kNoScript | command::kLoading | command::kStale | command::kFast,
     .categories = command::kCatAdmin | command::kCatDangerous,
     .handler = Role,
     .group = "server",
     .since = "2.8.12",
     .complexity = "O(1)",
     .summary = "Answers the part that the daemon plays in replication.",
     .syntax = ""},
    {.name = "shutdown",
     .arity = -1,
     .flags = command::kAdmin | command::kNoScript | command::kLoading | command::kStale | command::kNoMulti |
              command::kAllowBusy,
     .handler = Shutdown,
     .group = "server",
     .since = "1.0.0",
     .complexity =
         "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
     .summary = "Ends the daemon.",
     .syntax = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]"},
    {.name = "time",
     .arity = 1,
     .flags = command::kLoading | command::kStale | command::kFast,
     .handler = Time,
     .group = "server",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Answers the daemon's clock: seconds since 1970, and microseconds.",
     .syntax = "",
     .tips = kChanging},
    {.name = "wait",
     .arity = 3,
     .flags = command::kNoScript,
     .categories = command::kCatConnection,
     .handler = Wait,
     .group = "generic",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Waits until replicas have the connection's writes.",
     .syntax = "numreplicas timeout",
     .tips = kWaitTips},
    {.name = "waitaof",
     .arity = 4,
     .flags = command::kNoScript,
     .categories = command::kCatConnection,
     .handler = WaitAof,
     .group = "generic",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Waits until the connection's writes are in append-only files.",
     .syntax = "numlocal numreplicas timeout",
     .tips = kWaitTips},
};

}  // namespace

std::span<const CommandSpec> ServerCommands() { return kRows; }

}  // namespace corral::commands
