// What a worker's connections are owed: whom it sends to at the end of a turn, how much of it, and from when
// on it is too much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/client/client.h"
#include "server/client/memory_limit.h"
#include "server/config/settings.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate_pass.h"
#include "server/telemetry/telemetry.h"

namespace corral::dispatch {

// Told about clients while they are sent to.
class OutboxOwner {
 public:
  // Its memory may change; told while there is a limit on that.
  virtual void Sending(client::Client& client) = 0;
  // Its output is at an end (CloseAfterReply), its connection has failed, or it is over a limit: it goes.
  virtual void CloseSent(client::Client& client) = 0;

 protected:
  ~OutboxOwner() = default;
};

// Every client with output is sent to once a turn. Long outputs share what a turn may send; what is left
// goes on in the next one, so that a fast reader of much delays nobody. The worker's thread, in a turn.
class Outbox {
 public:
  Outbox(const config::Settings& settings, const client::MemoryLimit& memory, telemetry::WorkerStats& stats,
         CommandClock& clock, GatePass& pass, OutboxOwner& owner);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void BeginTurn();  // those of whose output the last turn left something are queued again
  // It may have output, or be told to close.
  void Queue(client::Client& client) {
    if (client.turn.flush_queued) return;
    client.turn.flush_queued = true;
    queued_.push_back(&client);
  }
  void Remove(client::Client& client);  // it is going away
  // Sends to all that are queued. Writers are let in between two system calls.
  void FlushAll();
  // Sends at once, as far as its share and its socket go, to a queued client or any other.
  void SendNow(client::Client& client);
  // `bytes` have left.
  void CountSent(client::Client& client, size_t bytes);
  // Whether its output is over a limit; starts and ends the time of the soft one.
  bool OverLimit(client::Client& client, int64_t unix_ms) {
    if (client.output.pending_bytes() == 0 && client.traffic.output_soft_limit_since_ms == 0) [[likely]]
      return false;
    return CheckLimit(client, unix_ms);
  }
  // Whether there is more to send than this turn had time for.
  bool waits() const { return !unsent_.empty(); }

  // Of one write.
  static constexpr size_t kWriteSlices = 64, kWriteBytes = 128 * 1024;
  // What a turn sends of long outputs, and of that one connection's share at most and at least.
  static constexpr size_t kTurnSendBytes = 512 * 1024, kMostSent = 128 * 1024, kLeastSent = 32 * 1024;
  // Of replies that a stranger does not read: a stranger's are short.
  static constexpr size_t kUnauthenticatedOutputBytes = 64 * 1024;

 private:
  void Flush(client::Client& client);
  void SendPending(client::Client& client);
  bool CheckLimit(client::Client& client, int64_t unix_ms);
  // How much of its output a connection may send in this turn.
  size_t Share(const client::Client& client) const;
  void GiveWay();

  const config::Settings& settings_;
  const client::MemoryLimit& memory_;
  telemetry::WorkerStats& stats_;
  CommandClock& clock_;
  GatePass& pass_;
  OutboxOwner& owner_;
  std::vector<client::Client*> queued_;  // with flush_queued
  std::vector<client::Client*> unsent_;  // with output_waits: to be flushed in the next turn
  size_t sharers_ = 1;                   // connections that share what this turn sends of long outputs
};

}  // namespace corral::dispatch
