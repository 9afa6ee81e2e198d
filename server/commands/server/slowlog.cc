// SLOWLOG: the commands that took too long.
#include "server/telemetry/slowlog.h"

#include <string_view>

#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/telemetry/telemetry.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// SLOWLOG GET [count]
void Get(Context& ctx) {
  if (ctx.size() > 3) return ctx.ReplySubcommandSyntax();
  int64_t count = 10;
  if (ctx.size() == 3 &&
      !ctx.ReadIntegerInRange(2, -1, INT64_MAX, &count, "ERR count should be greater than or equal to -1")) {
    return;
  }
  const auto entries = ctx.services.telemetry.slowlog.Newest(count);
  protocol::ReplyWriter& reply = ctx.reply;
  reply.Array(entries.size());
  for (const telemetry::Slowlog::Entry& entry : entries) {
    reply.Array(6);
    reply.Integer(entry.id);
    reply.Integer(entry.unix_seconds);
    reply.Integer(entry.duration_us);
    reply.Array(entry.arguments.size());
    for (const std::string& argument : entry.arguments) reply.Bulk(argument);
    reply.Bulk(entry.peer);
    reply.Bulk(entry.client_name);
  }
}

// SLOWLOG HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Answer the newest <count> entries (default: 10, -1 means all), each with",
      "    id, time, duration in microseconds, arguments, address and name of the client.",
      "LEN",
      "    Answer the number of entries.",
      "RESET",
      "    Forget all entries.",
  };
  ctx.ReplyHelp(kLines);
}

// SLOWLOG LEN
void Len(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(ctx.services.telemetry.slowlog.size())); }

// SLOWLOG RESET
void Reset(Context& ctx) {
  ctx.services.telemetry.slowlog.Clear();
  ctx.reply.Ok();
}

constexpr uint32_t kFlags = command::kAdmin | command::kLoading | command::kStale;
constexpr std::string_view kGetTips[] = {"request_policy:all_nodes", "nondeterministic_output"};
constexpr std::string_view kLenTips[] = {"request_policy:all_nodes", "response_policy:agg_sum",
                                         "nondeterministic_output"};
constexpr std::string_view kResetTips[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "get",
     .arity = -2,
     .flags = kFlags,
     .handler = Get,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N) where N is the number of entries returned",
     .summary = "Answers the newest entries of the slow log.",
     .syntax = "[count]",
     .tips = kGetTips},
    {.name = "help",
     .arity = 2,
     .flags = command::kLoading | command::kStale,
     .handler = Help,
     .group = "server",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes the subcommands.",
     .syntax = ""},
    {.name = "len",
     .arity = 2,
     .flags = kFlags,
     .handler = Len,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(1)",
     .summary = "Answers the number of entries in the slow log.",
     .syntax = "",
     .tips = kLenTips},
    {.name = "reset",
     .arity = 2,
     .flags = kFlags,
     .handler = Reset,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N) where N is the number of entries in the slowlog",
     .summary = "Empties the slow log.",
     .syntax = "",
     .tips = kResetTips},
};

constexpr CommandSpec kRows[] = {{.name = "slowlog",
                                  .arity = -2,
                                  .group = "server",
                                  .since = "2.2.12",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands about the slow log.",
                                  .syntax = "",
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> SlowlogCommands() { return kRows; }

}  // namespace corral::commands
