// Runs one command on a worker: gates, locks, handler, and what is counted about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/command/context.h"
#include "server/dispatch/command_clock.h"
#include "server/dispatch/gate.h"
#include "server/dispatch/invoker.h"
#include "server/dispatch/lock_set.h"
#include "server/dispatch/request.h"
#include "server/telemetry/telemetry.h"
#include "storage/base/clock.h"
#include "storage/base/shared_bytes.h"

namespace corral::dispatch {

enum class Completion : uint8_t {
  kDone,
  kPostponed
};  // kPostponed: CLIENT PAUSE holds it back, run it again later

// One per worker; used by its thread while it is inside the gate.
class Executor {
 public:
  Executor(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t worker,
           const storage::TickCounter& ticks, MonitorFeed& monitors);

  Completion Run(const Request& request);

  CommandClock& clock() { return clock_; }
  // The client whose command runs at this moment, if any. A message to it that is no reply goes behind the
  // reply (Defer), as it does since Redis 7.2.
  client::Client* running() const { return running_; }
  void Defer(const client::PushedMessage& message);
  // True once since the last call if a command wrote: keys may have become due earlier than was known.
  bool TakeWrote() { return std::exchange(wrote_, false); }

 private:
  // What a gate answers instead of the command.
  std::optional<std::string> Refusal(const Request& request) const;
  void Call(const Request& request);
  // Takes the locks of the command for as long as it runs.
  void RunLocked(const Request& request);
  bool MakeRoom(const Request& request);
  void Refuse(const Request& request, std::string_view text);
  // Behind a command: what the modes of its connection ask for, and the messages to itself.
  void Settle(const Request& request, uint64_t reply_mark);

  // --- Between MULTI and EXEC (transaction.cc).
  // True when the request was queued, refused, or was EXEC; false: it runs as any other.
  bool RunInMulti(const Request& request);
  void Queue(const Request& request);
  void Exec(const Request& request);
  void AddQueueLocks(std::span<const client::CommandQueue::Queued> queue, const client::Client& client);
  void RunQueue(std::span<const client::CommandQueue::Queued> queue, client::Client& client);
  void RefuseInMulti(const Request& request, std::string_view text);
  void SendDeferred(client::Client& client);
  // Behind the reply, or the refusal, of a connection that uses tracking.
  void SettleTracking(client::Client& client, const command::Command* command);
  void SettleReplyMode(client::Client& client, uint64_t mark);

  command::Services& services_;
  telemetry::WorkerStats& stats_;
  const bool concurrent_;
  CommandClock clock_;
  LockSet locks_;
  Invoker invoker_;
  bool wrote_ = false;
  client::Client* running_ = nullptr;
  struct DeferredMessage {
    std::string head;
    storage::SharedBytes tail;
  };
  std::vector<DeferredMessage> deferred_;
};

}  // namespace corral::dispatch
