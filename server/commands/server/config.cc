// CONFIG: reading and changing the configuration, and resetting what INFO counts.
#include "server/config/config.h"
#include "server/lease/leases.h"

#include <string_view>
#include <utility>
#include <vector>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/client_address.h"
#include "server/commands/families.h"
#include "server/telemetry/telemetry.h"
#include "storage/lazy_free.h"
#include "storage/memory_meter.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// CONFIG GET parameter [parameter ...]
void Get(Context& ctx) {
  const auto pairs = ctx.services.config.Matching(ctx.arguments().subspan(2));
  ctx.reply.Map(pairs.size());
  for (const auto& [name, value] : pairs) {
    ctx.reply.Bulk(name);
    ctx.reply.Bulk(value);
  }
}

// CONFIG HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "GET <pattern> [<pattern> ...]",
      "    Answer the directives that match a glob-like pattern, and their values.",
      "SET <directive> <value> [<directive> <value> ...]",
      "    Change directives, all of them or none.",
      "RESETSTAT",
      "    Start the counters of INFO anew.",
      "REWRITE",
      "    Write the present values into the configuration file.",
  };
  ctx.ReplyHelp(kLines);
}

// CONFIG RESETSTAT
void ResetStat(Context& ctx) {
  ctx.services.telemetry.Reset();
  ctx.services.keyspace.ResetCounters();
  ctx.services.leases.ResetCounters();
  ctx.services.lazy_free.ResetFreed();
  storage::MemoryMeter::ResetPeak();
  ctx.reply.Ok();
}

void ReplyResult(Context& ctx, const config::Result& result) {
  if (!result.ok()) return ctx.reply.Error(result.error());
  ctx.reply.Ok();
}

// CONFIG REWRITE
void Rewrite(Context& ctx) { ReplyResult(ctx, ctx.services.config.Rewrite()); }

// CONFIG SET parameter value [parameter value ...]
void Set(Context& ctx) {
  if (ctx.size() % 2 != 0) return ctx.ReplySyntaxError();
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t i = 2; i < ctx.size(); i += 2) pairs.emplace_back(ctx[i], ctx[i + 1]);
  ReplyResult(ctx, ctx.services.config.Set(pairs, IsLocal(ctx.client)));
}

constexpr uint32_t kFlags = command::kAdmin | command::kNoScript | command::kLoading | command::kStale;
constexpr std::string_view kSetTips[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "get",
     .arity = -3,
     .flags = kFlags,
     .handler = Get,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N) when N is the number of configuration parameters provided",
     .summary = "Answers the values of directives.",
     .syntax = "parameter [parameter ...]"},
    {.name = "help",
     .arity = 2,
     .flags = command::kLoading | command::kStale,
     .handler = Help,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Describes the subcommands.",
     .syntax = ""},
    {.name = "resetstat",
     .arity = 2,
     .flags = kFlags | command::kExclusive,
     .handler = ResetStat,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Starts the counters of INFO anew.",
     .syntax = ""},
    {.name = "rewrite",
     .arity = 2,
     .flags = kFlags | command::kExclusive,
     .handler = Rewrite,
     .group = "server",
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Writes the present values into the configuration file.",
     .syntax = ""},
    {.name = "set",
     .arity = -4,
     .flags = kFlags | command::kExclusive,
     .handler = Set,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N) when N is the number of configuration parameters provided",
     .summary = "Changes directives, all of them or none.",
     .syntax = "parameter value [parameter value ...]",
     .tips = kSetTips},
};

constexpr CommandSpec kRows[] = {{.name = "config",
                                  .arity = -2,
                                  .group = "server",
                                  .since = "2.0.0",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands about the configuration.",
                                  .syntax = "",
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> ConfigCommands() { return kRows; }

}  // namespace corral::commands
