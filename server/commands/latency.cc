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
void Doctor(Context& context) {
  const auto all = context.services.telemetry.latency.All();
  context.reply.Verbatim("txt", telemetry::LatencyReport(all, context.services.settings));
}

// LATENCY GRAPH event
void Graph(Context& context) {
  const auto all = context.services.telemetry.latency.All();
  const auto found = all.find(context[2]);
  if (found == all.end()) {
    return context.reply.Error(fmt::format("ERR No samples available for event '{}'", context[2]));
  }
  context.reply.Verbatim("txt", telemetry::DrawLatency(found->first, found->second, context.now_ms() / 1000));
}

// LATENCY HELP
void Help(Context& context) {
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
  context.ReplyHelp(kLines);
}

struct CommandLatency {
  const Command* command;
  Histogram latency;
};

// Adds the histogram of `command` over all workers, if there are samples.
void Collect(Context& context, const Command& command, std::vector<CommandLatency>* found) {
  CommandLatency sum{&command, {}};
  for (const auto& worker : context.services.telemetry.workers()) {
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
void HistogramOfCommands(Context& context) {
  std::vector<CommandLatency> found;
  if (context.size() == 2) {
    for (const Command& command : context.services.commands.all()) Collect(context, command, &found);
  }
  for (size_t i = 2; i < context.size(); i++) {
    const Command* command = FindByFullName(context.services.commands, context[i]);
    if (command == nullptr) continue;
    Collect(context, *command, &found);
    for (const Command* subcommand : command->subcommands) Collect(context, *subcommand, &found);
  }
  context.reply.Map(found.size());
  for (const CommandLatency& entry : found) {
    context.reply.Bulk(entry.command->name);
    ReplyHistogram(context.reply, entry.latency);
  }
}

// LATENCY HISTORY event
void History(Context& context) {
  const auto all = context.services.telemetry.latency.All();
  const auto found = all.find(context[2]);
  if (found == all.end()) return context.reply.Array(0);
  context.reply.Array(found->second.samples.size());
  for (const LatencyMonitor::Sample& sample : found->second.samples) {
    context.reply.Array(2);
    context.reply.Integer(sample.unix_seconds);
    context.reply.Integer(sample.latency_ms);
  }
}

// LATENCY LATEST
void Latest(Context& context) {
  const auto all = context.services.telemetry.latency.All();
  context.reply.Array(all.size());
  for (const auto& [event, series] : all) {
    context.reply.Array(4);
    context.reply.Bulk(event);
    context.reply.Integer(series.samples.back().unix_seconds);
    context.reply.Integer(series.samples.back().latency_ms);
    context.reply.Integer(series.worst_ms);
  }
}

// LATENCY RESET [event [event ...]]
void Reset(Context& context) {
  const size_t count = context.services.telemetry.latency.Reset(context.arguments().subspan(2));
  context.reply.Integer(static_cast<int64_t>(count));
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
