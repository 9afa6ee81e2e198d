// Runs one command on a worker: gates, locks, handler, and what is counted about it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/command/context.h"
#include "server/dispatch/command_cache.h"
#include "server/dispatch/gate.h"
#include "server/dispatch/request.h"
#include "server/telemetry/telemetry.h"
#include "storage/base/clock.h"

namespace corral::dispatch {

// The time of the present command: read from the CPU's counter after each command, turned into wall-clock
// milliseconds only when one has passed.
class CommandClock {
 public:
  explicit CommandClock(const storage::TickCounter& ticks) : ticks_(ticks) {}

  void Refresh();  // at the start of a batch
  int64_t unix_ms() const { return unix_ms_; }
  // Ends one command and begins the next: the nanoseconds since the last call or Refresh.
  uint64_t Lap() {
    uint64_t now = ticks_.Now();
    uint64_t nanos = ticks_.ToNanos(now - last_ticks_);
    last_ticks_ = now;
    until_refresh_ns_ -= static_cast<int64_t>(nanos);
    if (until_refresh_ns_ <= 0) [[unlikely]]
      ReadClocks();
    return nanos;
  }

 private:
  void ReadClocks();

  const storage::TickCounter& ticks_;
  uint64_t last_ticks_ = 0;
  int64_t until_refresh_ns_ = 0;
  int64_t unix_ms_ = 0;
};

// Feeds a line to every connection in MONITOR; implemented by the group of workers.
class MonitorFeed {
 public:
  virtual void Feed(const std::string& line) = 0;

 protected:
  ~MonitorFeed() = default;
};

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
  void CallWithLocks(const Request& request, command::Context& context);
  bool MakeRoom(const Request& request);
  void Refuse(const Request& request, std::string_view text);
  // The handler, and what tracking keeps of a read: with the locks of the keys.
  void Handle(const Request& request, command::Context& context);
  void RememberReads(const Request& request);
  void SendDeferred(client::Client& client);
  // Behind the reply, or the refusal, of a connection that uses tracking.
  void SettleTracking(client::Client& client, const command::Command* command);
  void Account(const Request& request, uint64_t nanos);
  void FeedMonitors(const Request& request);
  void SettleReplyMode(client::Client& client, uint64_t mark);

  command::Services& services_;
  telemetry::WorkerStats& stats_;
  Gate& gate_;
  const size_t worker_;
  const bool concurrent_;
  CommandClock clock_;
  MonitorFeed& monitors_;
  bool wrote_ = false;
  client::Client* running_ = nullptr;
  struct DeferredMessage {
    std::string head;
    storage::SharedBytes tail;
  };
  std::vector<DeferredMessage> deferred_;
  std::vector<uint32_t> shards_;                 // scratch: shards of the present command, ascending
  std::vector<command::KeyPosition> positions_;  // scratch
};

}  // namespace corral::dispatch
