// One command: refused by a gate, or run under the locks of its keys and accounted for.
#include "server/dispatch/executor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/client/authentication.h"
#include "server/client/registry.h"
#include "server/config/settings.h"
#include "server/log/log.h"
#include "server/log/throttle.h"
#include "server/tracking/tracking.h"
#include "storage/base/ascii.h"
#include "storage/base/capacity.h"
#include "storage/memory_meter.h"

namespace corral::dispatch {

using command::Command;

namespace {

// What a browser that was lured into talking to this port sends: nothing of it may run.
bool IsHttp(std::string_view name) {
  return storage::EqualInAnyCase(name, "post") || storage::EqualInAnyCase(name, "host:");
}

// What the request may do: of EXEC, what the commands may that it runs.
uint32_t FlagsOf(const Request& request) {
  const uint32_t flags = request.command->spec->flags;
  const client::Transaction* transaction = request.client->transaction.get();
  if (transaction == nullptr || !request.command->Is(command::kRunsQueue)) return flags;
  return flags | transaction->queue.flags();
}

}  // namespace

Executor::Executor(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t worker,
                   const storage::TickCounter& ticks, MonitorFeed& monitors)
    : services_(services),
      stats_(stats),
      concurrent_(services.settings.threads > 1),
      clock_(ticks),
      locks_(services.keyspace, gate, worker),
      invoker_(services, stats, clock_, monitors) {}

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
  if (client.session.monitor &&
      command->Is(command::kWrite | command::kReadonly | command::kMayReplicate | command::kHeldWithWrites)) {
    return std::string(protocol::wire::kNoKeysForMonitor);
  }
  return std::nullopt;
}

bool Executor::MakeRoom(const Request& request) {
  uint64_t limit = services_.settings.maxmemory_bytes;
  if (limit == 0) return true;
  uint32_t flags = FlagsOf(request);
  // A queue grows by any command: without room none is queued.
  if (request.client->transaction && !request.command->Is(command::kRunsInMulti))
    flags |= command::kWrite | command::kDenyOom;
  if ((flags & command::kWrite) == 0) return true;
  uint64_t need = 0;
  for (std::string_view argument : request.arguments) need += argument.size();
  need -= std::min<uint64_t>(need, request.client->reader.detached_bytes());  // in use already
  limit += services_.clients.transit().bytes();
  return services_.keyspace.MakeRoom(limit, need, clock_.unix_ms()) || (flags & command::kDenyOom) == 0;
}

// Inline, as Call: each has one caller, and every command goes through both.
inline void Executor::RunLocked(const Request& request) {
  if (!concurrent_) return invoker_.Run(request);
  const Command& command = *request.command;
  // Nearly every command: without the set's sorting and its walk over the row.
  if (request.only_first_key() && !command.Is(command::kExclusive)) [[likely]] {
    storage::ShardGuard guard(services_.keyspace, services_.keyspace.ShardOf(request.first_key.hash));
    return invoker_.Run(request);
  }
  locks_.Add(command, request.arguments);
  const bool world = locks_.world();
  locks_.Lock();
  if (world) clock_.Refresh();  // the others' commands, for which this one waited, took their time
  invoker_.Run(request);
  locks_.Unlock();
}

inline void Executor::Call(const Request& request) {
  client::Client& client = *request.client;
  const Command& command = *request.command;
  running_ = &client;
  const uint64_t reply_mark = client.output.mark();
  RunLocked(request);
  wrote_ |= command.Is(command::kWrite);
  invoker_.Account(request);
  const bool plain =
      client.session.reply_mode == client::ReplyMode::kOn && deferred_.empty() && !client.tracking;
  if (plain) [[likely]] {
    running_ = nullptr;
  } else {
    Settle(request, command.Is(command::kRepliesPush) ? client.output.mark() : reply_mark);
  }
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
  client::PauseMode pause = services_.clients.pause_mode();
  if (pause != client::PauseMode::kNone) [[unlikely]] {
    constexpr uint32_t kWrites = command::kWrite | command::kMayReplicate | command::kHeldWithWrites;
    const bool held = pause == client::PauseMode::kAll || (FlagsOf(request) & kWrites) != 0;
    if (held) return Completion::kPostponed;
  }
  if (!MakeRoom(request)) [[unlikely]] {
    Refuse(request, protocol::wire::kOutOfMemory);
    return Completion::kDone;
  }
  if (client.transaction && RunInMulti(request)) [[unlikely]]
    return Completion::kDone;
  Call(request);
  return Completion::kDone;
}

void Executor::Refuse(const Request& request, std::string_view text) {
  client::Client& client = *request.client;
  uint64_t mark = client.output.mark();
  client.reply.ResetErrors();
  if (client.transaction || (request.command && request.command->Is(command::kRunsQueue))) {
    RefuseInMulti(request, text);
  } else {
    client.reply.Error(text);
  }
  stats_.CountError(client.reply.last_error_code());
  if (request.command) ++stats_.per_command[request.command->id].rejected;
  SettleReplyMode(client, mark);
  if (client.tracking) [[unlikely]]
    SettleTracking(client, request.command);
}

void Executor::Settle(const Request& request, uint64_t reply_mark) {
  client::Client& client = *request.client;
  if (client.session.reply_mode != client::ReplyMode::kOn) [[unlikely]]
    SettleReplyMode(client, reply_mark);
  running_ = nullptr;
  if (!deferred_.empty()) [[unlikely]]
    SendDeferred(client);
  if (client.tracking) [[unlikely]]
    SettleTracking(client, request.command);
}

void Executor::SettleTracking(client::Client& client, const command::Command* command) {
  if (!client.tracking->own_changes.empty()) services_.tracking.SendOwn(client);
  // CLIENT CACHING is for the next command, other CLIENT subcommands aside, or for all up to EXEC.
  const bool of_client =
      command != nullptr && command->parent != nullptr && command->parent->spec->name == "client";
  if (!of_client && !client.transaction) client.tracking->caching = false;
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
  storage::GiveBack(deferred_);
}

// CLIENT REPLY: the reply that was written since `mark` is kept or taken back.
void Executor::SettleReplyMode(client::Client& client, uint64_t mark) {
  switch (client.session.reply_mode) {
    case client::ReplyMode::kOn:
      return;
    case client::ReplyMode::kOff:
      break;
    case client::ReplyMode::kSkipNext:
      client.session.reply_mode = client::ReplyMode::kSkip;
      break;
    case client::ReplyMode::kSkip:
      client.session.reply_mode = client::ReplyMode::kOn;
      break;
  }
  client.output.TruncateTo(mark);
}

}  // namespace corral::dispatch
