// INFO: which sections are wanted, in Redis's order.
#include <string>
#include <string_view>

#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/commands/server/info_sections.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

struct Section {
  std::string_view name;  // upper case, as arguments are compared
  void (*append)(Context&, std::string*);
  bool by_default;
};

// In the order of the reply, whatever the order of the arguments.
constexpr Section kSections[] = {
    {"SERVER", AppendServerInfo, true},
    {"CLIENTS", AppendClientsInfo, true},
    {"MEMORY", AppendMemoryInfo, true},
    {"PERSISTENCE", AppendPersistenceInfo, true},
    {"STATS", AppendStatsInfo, true},
    {"REPLICATION", AppendReplicationInfo, true},
    {"CPU", AppendCpuInfo, true},
    {"MODULES", AppendModulesInfo, true},
    {"COMMANDSTATS", AppendCommandStatsInfo, false},
    {"ERRORSTATS", AppendErrorStatsInfo, true},
    {"LATENCYSTATS", AppendLatencyStatsInfo, false},
    {"LEASES", AppendLeasesInfo, true},
    {"CLUSTER", AppendClusterInfo, true},
    {"KEYSPACE", AppendKeyspaceInfo, true},
};

bool Wanted(const Context& ctx, const Section& section) {
  if (ctx.size() == 1) return section.by_default;
  for (size_t i = 1; i < ctx.size(); ++i) {
    if (ctx.Is(i, section.name) || ctx.Is(i, "ALL") || ctx.Is(i, "EVERYTHING")) return true;
    if (ctx.Is(i, "DEFAULT") && section.by_default) return true;
  }
  return false;
}

// INFO [section [section ...]]
void Info(Context& ctx) {
  std::string text;
  for (const Section& section : kSections) {
    if (!Wanted(ctx, section)) continue;
    if (!text.empty()) text += "\r\n";
    section.append(ctx, &text);
  }
  ctx.reply.Verbatim("txt", text);
}

constexpr std::string_view kTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special"};

constexpr CommandSpec kRows[] = {{.name = "info",
                                  .arity = -1,
                                  .flags = command::kLoading | command::kStale | command::kExclusive,
                                  .categories = command::kCatDangerous,
                                  .handler = Info,
                                  .group = "server",
                                  .since = "1.0.0",
                                  .complexity = "O(1)",
                                  .summary = "Describes the daemon and its counters.",
                                  .syntax = "[section [section ...]]",
                                  .tips = kTips}};

}  // namespace

std::span<const CommandSpec> InfoCommands() { return kRows; }

}  // namespace corral::commands
