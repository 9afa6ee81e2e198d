// One command: refused by a gate, or run under the locks of its keys and accounted for.
#include "server/dispatch/executor.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <optional>
#include <utility>

#include "server/client/authentication.h"
#include "server/client/registry.h"
#include "server/config/settings.h"
#include "server/log/log.h"
#include "server/log/throttle.h"
#include "server/net/event_loop.h"
#include "server/telemetry/monitor_line.h"
#include "server/tracking/tracking.h"
#include "storage/base/ascii.h"
#include "storage/memory_meter.h"

namespace corral::dispatch {

using command::Command;

namespace {

// What a browser that was lured into talking to this port sends: nothing of it may run.
bool IsHttp(std::string_view name) {
  return storage::EqualInAnyCase(name, "post") || storage::EqualInAnyCase(name, "host:");
}

}  // namespace

void CommandClock::ReadClocks() {
  unix_ms_ = net::EventLoop::UnixMs();
  // Half a millisecond: expiry is exact to the millisecond, within a batch as well.
  until_refresh_ns_ = 500'000;
}

void CommandClock::Refresh() {
  last_ticks_ = ticks_.Now();
  ReadClocks();
}

Executor::Executor(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t worker,
                   const storage::TickCounter& ticks, MonitorFeed& monitors)
    : services_(services),
      stats_(stats),
      gate_(gate),
      worker_(worker),
      concurrent_(services.settings.threads > 1),
      clock_(ticks),
      monitors_(monitors) {}

// The gates, in Redis's order.
std::optional<std::string> Executor::Refusal(const Request& request) const {
  const client::Client& client = *request.client;
  const Command* command = request.command;
  auto arguments = request.arguments;
  if (!command)
    return protocol::wire::UnknownCommand(arguments[0], arguments.data() + 1, arguments.size() - 1);
  // A container that reached this place unresolved: the subcommand does not exist.
  if (!command->spec->subcommands.empty() && arguments.size() > 1) {
    return protocol::wire::UnknownSubcommand(arguments[1], command->name);
  }
  if (!command->TakesArguments(arguments.size())) return protocol::wire::WrongArity(command->name);
  if (client::MustAuthenticate(client, services_.settings) && !command->Is(command::kNoAuth)) {
    return std::string(protocol::wire::kNoAuth);
  }
  if (client.subscriptions && client.version() == protocol::Version::kResp2 &&
      !command->Is(command::kWhileSubscribed)) {
    return protocol::wire::NotWhileSubscribed(command->name);
  }
  if (client.monitor &&
      command->Is(command::kWrite | command::kReadonly | command::kMayReplicate | command::kHeldWithWrites)) {
    return std::string(protocol::wire::kNoKeysForMonitor);
  }
  return std::nullopt;
}

bool Executor::MakeRoom(const Request& request) {
  uint64_t limit = services_.settings.maxmemory_bytes;
  if (limit == 0 || !request.command->Is(command::kWrite)) return true;
  uint64_t need = 0;
  for (std::string_view argument : request.arguments) need += argument.size();
  need -= std::min<uint64_t>(need, request.client->reader.detached_bytes());  // in use already
  limit += services_.clients.in_transit_bytes();
  return services_.keyspace.MakeRoom(limit, need, clock_.unix_ms()) ||
         !request.command->Is(command::kDenyOom);
}

Completion Executor::Run(const Request& request) {
  client::Client& client = *request.client;
  if (!request.protocol_error.empty()) [[unlikely]] {
    Refuse(request, request.protocol_error);
    client.CloseAfterReply();
    return Completion::kDone;
  }
  client.last_command = request.command;
  if (!request.command && IsHttp(request.arguments[0])) [[unlikely]] {
    static log::Throttle attacks("possible security attacks", 1, 60'000);  // as often as Redis says it
    if (attacks.Allows()) {
      log::Warning(
          "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Corral. Connection from {} aborted.",
          client.stream().PeerAddress());
    }
    client.CloseNow();
    return Completion::kDone;
  }
  if (std::optional<std::string> refusal = Refusal(request)) [[unlikely]] {
    Refuse(request, *refusal);
    return Completion::kDone;
  }
  const Command& command = *request.command;
  client::PauseMode pause = services_.clients.pause_mode();
  if (pause != client::PauseMode::kNone) [[unlikely]] {
    bool held = pause == client::PauseMode::kAll ||
                command.Is(command::kWrite | command::kMayReplicate | command::kHeldWithWrites);
    if (held) return Completion::kPostponed;
  }
  if (!MakeRoom(request)) [[unlikely]] {
    Refuse(request, protocol::wire::kOutOfMemory);
    return Completion::kDone;
  }
  Call(request);
  return Completion::kDone;
}

void Executor::Refuse(const Request& request, std::string_view text) {
  client::Client& client = *request.client;
  uint64_t mark = client.output.mark();
  client.reply.ResetErrors();
  client.reply.Error(text);
  stats_.CountError(client.reply.last_error_code());
  if (request.command) ++stats_.per_command[request.command->id].rejected;
  SettleReplyMode(client, mark);
  if (client.tracking) [[unlikely]]
    SettleTracking(client, request.command);
}

void Executor::Call(const Request& request) {
  client::Client& client = *request.client;
  const Command& command = *request.command;
  running_ = &client;
  const uint64_t reply_mark = client.output.mark();
  client.reply.ResetErrors();
  std::optional<Gate::Exclusive> alone;
  if (command.Is(command::kExclusive)) {
    alone.emplace(gate_, worker_);
    if (concurrent_) clock_.Refresh();  // the others' commands, for which this one waited, took their time
  }
  command::Context context(services_, client, stats_, command, request.arguments, client.reply,
                           services_.keyspace.database(client.database, clock_.unix_ms(), !client.no_touch));
  if (request.has_key) context.set_first_key(request.first_key);
  if (alone.has_value()) {
    Handle(request, context);
    alone.reset();
  } else if (concurrent_) {
    CallWithLocks(request, context);
  } else {
    Handle(request, context);
  }
  if (services_.telemetry.monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
    FeedMonitors(request);
  wrote_ |= command.Is(command::kWrite);
  Account(request, clock_.Lap());
  if (client.reply_mode != client::ReplyMode::kOn) [[unlikely]] {
    SettleReplyMode(client, command.Is(command::kRepliesPush) ? client.output.mark() : reply_mark);
  }
  running_ = nullptr;
  if (!deferred_.empty()) [[unlikely]]
    SendDeferred(client);
  if (client.tracking) [[unlikely]]
    SettleTracking(client, &command);
}

void Executor::Handle(const Request& request, command::Context& context) {
  request.command->spec->handler(context);
  if (request.client->tracking && request.client->tracking->on) [[unlikely]]
    RememberReads(request);
}

void Executor::RememberReads(const Request& request) {
  client::Client& client = *request.client;
  // Who waits has read nothing yet.
  if (!request.command->Is(command::kReadonly) || !client.tracking->remembers_reads() || client.blocked())
    return;
  if (request.has_key && request.command->last_key == request.command->first_key) {
    return services_.tracking.Remember(client, request.first_key);
  }
  if (request.command->spec->keys.empty()) return;
  positions_.clear();
  FindKeys(*request.command, request.arguments, &positions_);
  for (const command::KeyPosition& position : positions_) {
    services_.tracking.Remember(client, services_.keyspace.MakeKey(request.arguments[position.index]));
  }
}

void Executor::SettleTracking(client::Client& client, const command::Command* command) {
  if (!client.tracking->own_changes.empty()) services_.tracking.SendOwn(client);
  // CLIENT CACHING is for the next command, other CLIENT subcommands aside.
  const bool of_client =
      command != nullptr && command->parent != nullptr && command->parent->spec->name == "client";
  if (!of_client) client.tracking->caching = false;
}

void Executor::Defer(const client::PushedMessage& message) {
  deferred_.push_back(
      {std::string(message.head), message.tail != nullptr ? *message.tail : storage::SharedBytes()});
}

void Executor::SendDeferred(client::Client& client) {
  for (const DeferredMessage& message : deferred_) {
    client::Append({.head = message.head, .tail = message.tail ? &message.tail : nullptr}, &client.output);
  }
  deferred_.clear();
}

void Executor::CallWithLocks(const Request& request, command::Context& context) {
  const Command& command = *request.command;
  storage::Keyspace& keyspace = services_.keyspace;
  if (request.has_key && command.last_key == command.first_key) {
    const uint32_t shard = keyspace.ShardOf(request.first_key.hash);
    keyspace.Lock(shard);
    Handle(request, context);
    keyspace.Unlock(shard);
    return;
  }
  shards_.clear();
  if (!command.spec->keys.empty() && FindKeys(command, request.arguments, &positions_)) {
    for (const command::KeyPosition& position : positions_) {
      shards_.push_back(keyspace.ShardOf(keyspace.MakeKey(request.arguments[position.index]).hash));
    }
    std::sort(shards_.begin(), shards_.end());
    shards_.erase(std::unique(shards_.begin(), shards_.end()), shards_.end());
  }
  for (uint32_t shard : shards_) keyspace.Lock(shard);
  Handle(request, context);
  for (uint32_t shard : shards_) keyspace.Unlock(shard);
}

void Executor::Account(const Request& request, uint64_t nanos) {
  client::Client& client = *request.client;
  const config::Settings& settings = services_.settings;
  telemetry::CommandStats& stats = stats_.per_command[request.command->id];
  ++stats.calls;
  stats.nanos += nanos;
  ++stats_.commands;
  stats_.command_nanos += nanos;
  ++client.commands;
  if (client.reply.errors() != 0) [[unlikely]] {
    ++stats.failed;
    for (uint32_t i = 0; i < client.reply.errors(); ++i) stats_.CountError(client.reply.last_error_code());
  }
  if (settings.latency_tracking) {
    if (!stats.latency) [[unlikely]]
      stats.latency = std::make_unique<telemetry::Histogram>();
    stats.latency->Record(nanos);
  }
  auto micros = static_cast<int64_t>(nanos / 1000);
  if (settings.slowlog_log_slower_than_us >= 0 && micros >= settings.slowlog_log_slower_than_us &&
      !request.command->Is(command::kSkipSlowlog)) [[unlikely]] {
    services_.telemetry.slowlog.Add(request.arguments, clock_.unix_ms() / 1000, micros,
                                    client.stream().PeerAddress(), client.name, settings.slowlog_max_len);
  }
  if (settings.latency_monitor_threshold_ms > 0 && micros / 1000 >= settings.latency_monitor_threshold_ms)
      [[unlikely]] {
    services_.telemetry.latency.Add(request.command->Is(command::kFast) ? "fast-command" : "command",
                                    clock_.unix_ms() / 1000, micros / 1000);
  }
}

void Executor::FeedMonitors(const Request& request) {
  if (request.command->Is(command::kSkipMonitor | command::kAdmin)) return;
  const client::Client& client = *request.client;
  std::string peer = client.stream().PeerAddress();
  monitors_.Feed(
      telemetry::FormatMonitorLine(net::EventLoop::UnixUs(),
                                   {.database = client.database,
                                    .peer = peer,
                                    .unix_socket = client.stream().transport() == net::Transport::kUnix},
                                   request.arguments));
}

// CLIENT REPLY: the reply that was written since `mark` is kept or taken back.
void Executor::SettleReplyMode(client::Client& client, uint64_t mark) {
  switch (client.reply_mode) {
    case client::ReplyMode::kOn:
      return;
    case client::ReplyMode::kOff:
      break;
    case client::ReplyMode::kSkipNext:
      client.reply_mode = client::ReplyMode::kSkip;
      break;
    case client::ReplyMode::kSkip:
      client.reply_mode = client::ReplyMode::kOn;
      break;
  }
  client.output.TruncateTo(mark);
}

}  // namespace corral::dispatch
