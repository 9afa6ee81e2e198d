// LATENCY: recorded spikes, and the histograms of every command.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/command/context.h"
#include "server/commands/command_name.h"
#include "server/commands/families.h"
#include "server/config/settings.h"
#include "server/telemetry/histogram.h"
#include "server/telemetry/latency_graph.h"
#include "server/telemetry/latency_report.h"
#include "server/telemetry/telemetry.h"

namespace corral::commands {
namespace {

using command::Command;
using command::CommandSpec;
using command::Context;
using telemetry::Histogram;
using telemetry::LatencyMonitor;

// LATENCY DOCTOR
void Doctor(Context& ctx) {
  const auto all = ctx.services.telemetry.latency.All();
  ctx.reply.Verbatim("txt", telemetry::LatencyReport(all, ctx.services.settings));
}

// LATENCY GRAPH event
void Graph(Context& ctx) {
  const auto all = ctx.services.telemetry.latency.All();
  const auto found = all.find(ctx[2]);
  if (found == all.end()) {
    return ctx.reply.Error(fmt::format("ERR No samples available for event '{}'", ctx[2]));
  }
  ctx.reply.Verbatim("txt", telemetry::DrawLatency(found->first, found->second, ctx.now_ms() / 1000));
}

// LATENCY HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    Explain the recorded spikes.",
      "GRAPH <event>",
      "    Draw the spikes of an event.",
      "HISTOGRAM [<command> ...]",
      "    Answer how long these commands took, or all that ran, as cumulative counts.",
      "HISTORY <event>",
      "    Answer times and durations of the spikes of an event.",
      "LATEST",
      "    Answer the last spike of every event.",
      "RESET [<event> ...]",
      "    Forget the spikes of these events, or of all.",
  };
  ctx.ReplyHelp(kLines);
}

struct CommandLatency {
  const Command* command;
  Histogram latency;
};

// Adds the histogram of `command` over all workers, if there are samples.
void Collect(Context& ctx, const Command& command, std::vector<CommandLatency>* found) {
  CommandLatency sum{&command, {}};
  for (const auto& worker : ctx.services.telemetry.workers()) {
    const auto& latency = worker->per_command[command.id].latency;
    if (latency != nullptr) sum.latency.Add(*latency);
  }
  if (sum.latency.total() > 0) found->push_back(std::move(sum));
}

// Cumulative counts at 1.024 us, 2.048 us, ..., shown in whole microseconds, where they grow.
void ReplyHistogram(protocol::ReplyWriter& reply, const Histogram& latency) {
  std::vector<std::pair<int64_t, int64_t>> steps;
  uint64_t seen = 0;
  for (uint64_t level_ns = 1024; seen < latency.total(); level_ns *= 2) {
    // A bucket of 1/128 of a power of two begins at the level; its upper edge is the label.
    const uint64_t edge_ns = level_ns + level_ns / 128 - 1;
    const bool last = level_ns >= (uint64_t{1} << Histogram::kMaxBits);
    const uint64_t count = last ? latency.total() : latency.CountUpTo(edge_ns);
    if (count > seen) steps.emplace_back(edge_ns / 1000, count);
    seen = count;
  }
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(latency.total()));
  reply.Bulk("histogram_usec");
  reply.Map(steps.size());
  for (const auto& [usec, count] : steps) {
    reply.Integer(usec);
    reply.Integer(count);
  }
}

// LATENCY HISTOGRAM [command [command ...]]
void HistogramOfCommands(Context& ctx) {
  std::vector<CommandLatency> found;
  if (ctx.size() == 2) {
    for (const Command& command : ctx.services.commands.all()) Collect(ctx, command, &found);
  }
  for (size_t i = 2; i < ctx.size(); ++i) {
    const Command* command = FindByFullName(ctx.services.commands, ctx[i]);
    if (command == nullptr) continue;
    Collect(ctx, *command, &found);
    for (const Command* subcommand : command->subcommands) Collect(ctx, *subcommand, &found);
  }
  ctx.reply.Map(found.size());
  for (const CommandLatency& entry : found) {
    ctx.reply.Bulk(entry.command->name);
    ReplyHistogram(ctx.reply, entry.latency);
  }
}

// LATENCY HISTORY event
void History(Context& ctx) {
  const auto all = ctx.services.telemetry.latency.All();
  const auto found = all.find(ctx[2]);
  if (found == all.end()) return ctx.reply.Array(0);
  ctx.reply.Array(found->second.samples.size());
  for (const LatencyMonitor::Sample& sample : found->second.samples) {
    ctx.reply.Array(2);
    ctx.reply.Integer(sample.unix_seconds);
    ctx.reply.Integer(sample.latency_ms);
  }
}

// LATENCY LATEST
void Latest(Context& ctx) {
  const auto all = ctx.services.telemetry.latency.All();
  ctx.reply.Array(all.size());
  for (const auto& [event, series] : all) {
    ctx.reply.Array(4);
    ctx.reply.Bulk(event);
    ctx.reply.Integer(series.samples.back().unix_seconds);
    ctx.reply.Integer(series.samples.back().latency_ms);
    ctx.reply.Integer(series.worst_ms);
  }
}

// LATENCY RESET [event [event ...]]
void Reset(Context& ctx) {
  const size_t count = ctx.services.telemetry.latency.Reset(ctx.arguments().subspan(2));
  ctx.reply.Integer(static_cast<int64_t>(count));
}

constexpr uint32_t kFlags = command::kAdmin | command::kNoScript | command::kLoading | command::kStale;
constexpr std::string_view kTips[] = {"nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special"};
constexpr std::string_view kResetTips[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};

constexpr CommandSpec Row(std::string_view name, int arity, uint32_t flags, command::Handler handler,
                          std::string_view since, std::string_view complexity, std::string_view summary,
                          std::string_view syntax, std::span<const std::string_view> tips) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .handler = handler,
          .group = "server",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr CommandSpec kSubcommands[] = {
    Row("doctor", 2, kFlags, Doctor, "2.8.13", "O(1)", "Explains the recorded latency spikes.", "", kTips),
    Row("graph", 3, kFlags, Graph, "2.8.13", "O(1)", "Draws the latency spikes of an event.", "event", kTips),
    Row("help", 2, command::kLoading | command::kStale, Help, "2.8.13", "O(1)", "Describes the subcommands.",
        "", {}),
    Row("histogram", -2, kFlags | command::kExclusive, HistogramOfCommands, "7.0.0",
        "O(N) where N is the number of commands with latency information being retrieved.",
        "Answers how long commands took, as cumulative counts.", "[command [command ...]]", kTips),
    Row("history", 3, kFlags, History, "2.8.13", "O(1)", "Answers the latency spikes of an event.", "event",
        kTips),
    Row("latest", 2, kFlags, Latest, "2.8.13", "O(1)", "Answers the last latency spike of every event.", "",
        kTips),
    Row("reset", -2, kFlags, Reset, "2.8.13", "O(1)", "Forgets latency spikes.", "[event [event ...]]",
        kResetTips),
};

constexpr CommandSpec kRows[] = {{.name = "latency",
                                  .arity = -2,
                                  .group = "server",
                                  .since = "2.8.13",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands about latency.",
                                  .syntax = "",
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> LatencyCommands() { return kRows; }

}  // namespace corral::commands
