// What is remembered, told and counted behind the handler.
#include "server/dispatch/invoker.h"

#include <memory>

#include "server/config/settings.h"
#include "server/net/event_loop.h"
#include "server/telemetry/monitor_line.h"
#include "server/tracking/tracking.h"

namespace corral::dispatch {

void Invoker::RunPropagating(command::Context& context) {
  command::EffectLog& log = *services_.effect_log;
  command::PendingEffects& pending = command::PendingEffects::OfThread();
  pending.Begin();
  context.command.spec->handler(context);
  if (context.propagates_as_it_came()) {
    pending.End(log, {context.db.index(), context.arguments()});
  } else {
    pending.End(log);
  }
}

void Invoker::RememberReads(const Request& request) {
  client::Client& client = *request.client;
  // Who waits has read nothing yet.
  if (!request.command->Is(command::kReadonly) || !client.tracking->remembers_reads() || client.blocked())
    return;
  if (request.only_first_key()) return services_.tracking.Remember(client, request.first_key);
  if (request.command->spec->keys.empty()) return;
  positions_.clear();
  FindKeys(*request.command, request.arguments, &positions_);
  for (const command::KeyPosition& position : positions_) {
    services_.tracking.Remember(client, services_.keyspace.MakeKey(request.arguments[position.index]));
  }
}

void Invoker::Account(const Request& request) {
  if (services_.telemetry.monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
    FeedMonitors(request);
  const uint64_t nanos = clock_.Lap();
  client::Client& client = *request.client;
  telemetry::CommandStats& stats = stats_.per_command[request.command->id];
  ++stats.calls;
  stats.nanos += nanos;
  ++stats_.commands;
  stats_.command_nanos += nanos;
  ++client.traffic.commands;
  if (client.reply.errors() != 0) [[unlikely]] {
    ++stats.failed;
    for (uint32_t i = 0; i < client.reply.errors(); ++i) stats_.CountError(client.reply.last_error_code());
  }
  const config::Settings& settings = services_.settings;
  if (settings.latency_tracking) {
    if (!stats.latency) [[unlikely]]
      stats.latency = std::make_unique<telemetry::Histogram>();
    stats.latency->Record(nanos);
  }
  const auto micros = static_cast<int64_t>(nanos / 1000);
  const bool slow_log =
      settings.slowlog_log_slower_than_us >= 0 && micros >= settings.slowlog_log_slower_than_us;
  const bool latency_monitor =
      settings.latency_monitor_threshold_ms > 0 && micros / 1000 >= settings.latency_monitor_threshold_ms;
  if (slow_log || latency_monitor) [[unlikely]]
    NoteSlow(request, micros, slow_log, latency_monitor);
}

void Invoker::NoteSlow(const Request& request, int64_t micros, bool slow_log, bool latency_monitor) {
  const client::Client& client = *request.client;
  const int64_t now_s = clock_.unix_ms() / 1000;
  if (slow_log && !request.command->Is(command::kSkipSlowlog)) {
    services_.telemetry.slowlog.Add(request.arguments, now_s, micros, client.stream().PeerAddress(),
                                    client.session.name, services_.settings.slowlog_max_len);
  }
  if (latency_monitor) {
    services_.telemetry.latency.Add(request.command->Is(command::kFast) ? "fast-command" : "command", now_s,
                                    micros / 1000);
  }
}

void Invoker::FeedMonitors(const Request& request) {
  if (request.command->Is(command::kSkipMonitor | command::kAdmin)) return;
  const client::Client& client = *request.client;
  std::string peer = client.stream().PeerAddress();
  monitors_.Feed(
      telemetry::FormatMonitorLine(net::EventLoop::UnixUs(),
                                   {.database = client.session.database,
                                    .peer = peer,
                                    .unix_socket = client.stream().transport() == net::Transport::kUnix},
                                   request.arguments));
}

}  // namespace corral::dispatch
