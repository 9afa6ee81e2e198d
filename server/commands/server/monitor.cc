// MONITOR: turns a connection into a watcher of all commands; dispatch sends it the lines.
#include <string_view>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/telemetry/telemetry.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// MONITOR
void Monitor(Context& ctx) {
  if (!ctx.may_wait) return ctx.reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  if (ctx.client.session.monitor) return;  // no reply, as Redis has it
  ctx.client.session.monitor = true;
  ctx.services.telemetry.monitors.fetch_add(1, std::memory_order_relaxed);
  ctx.reply.Ok();
}

constexpr CommandSpec kRows[] = {
    {.name = "monitor",
     .arity = 1,
     .flags = command::kAdmin | command::kNoScript | command::kLoading | command::kStale,
     .handler = Monitor,
     .group = "server",
     .since = "1.0.0",
     .complexity = "",
     .summary = "Shows every command that the daemon runs, as it runs.",
     .syntax = ""}};

}  // namespace

std::span<const CommandSpec> MonitorCommands() { return kRows; }

}  // namespace corral::commands
