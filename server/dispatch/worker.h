// One thread: its loop, its connections, and the turn that reads, runs and flushes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/dispatch/batch.h"
#include "server/dispatch/chores.h"
#include "server/dispatch/connections.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate.h"
#include "server/dispatch/gate_pass.h"
#include "server/dispatch/holds.h"
#include "server/dispatch/inbox.h"
#include "server/dispatch/outbox.h"
#include "server/dispatch/pause_queue.h"
#include "server/net/event_loop.h"
#include "server/net/stream.h"
#include "server/waiting/mailbox.h"

namespace corral::dispatch {

// A turn: the kernel reports readable connections, each is read once into the arena, the batch runs, expiry
// gets its share, and every connection with output is flushed once. Inside the gate from the first event to
// the last flush, but for writers that are let in between two steps (GatePass). All members belong to the
// worker's thread unless they say otherwise.
class Worker final : public net::LoopHooks,
                     public net::StreamHandler,
                     public BatchObserver,
                     public OutboxOwner,
                     public client::ClientOwner {
 public:
  Worker(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t index,
         const storage::TickCounter& ticks, MonitorFeed& monitors, PauseQueue& pauses);
  ~Worker();

  // The worker that this thread is; null on a thread that is none.
  static Worker* Current();

  net::EventLoop& loop() { return loop_; }
  telemetry::WorkerStats& stats() { return stats_; }
  // On the thread that is to be this worker.
  void Run();

  // Takes over an accepted connection.
  void Adopt(int descriptor, net::Transport transport);
  // Any thread.
  void Visit(uint64_t client_id, std::function<void(client::Client&)> work) override;
  void WaitAnswered(client::Client& client) override { holds_.WaitAnswered(client); }
  void Post(std::function<void()> work) override { loop_.Post(std::move(work)); }
  void PostMessages(std::function<void()> work, size_t bytes) override;
  client::Client* Find(uint64_t client_id) override { return connections_.Find(client_id); }
  void Push(client::Client& client, const client::PushedMessage& message) override;
  // The client whose command runs at this moment, if any.
  client::Client* running() const { return executor_.running(); }
  void FeedMonitors(const std::string& line);
  // What a pause held back runs, as far as it is this worker's turn.
  void ResumePaused();
  // Idle connections are closed (timeout), output limits with a time are checked: some in each turn from now
  // on. From the cron.
  void CheckLimits(int64_t unix_ms);
  // Closes all connections after a last attempt to send what they are owed.
  void CloseAll();

  // net::LoopHooks
  void AfterPoll() override;
  void BeforeSleep() override;
  void OnWakeup() override { EnterGate(); }

  // net::StreamHandler
  std::span<char> ReadBuffer(net::Stream& stream) override;
  void OnRead(net::Stream& stream, size_t bytes) override;
  void OnEnd(net::Stream& stream) override;
  void OnWritten(net::Stream& stream, size_t bytes, bool ok) override;

  // OutboxOwner
  void Sending(client::Client& client) override;
  void CloseSent(client::Client& client) override { Close(client); }

  // BatchObserver
  void AfterCommand(client::Client& client) override;
  void HeldByPause(client::Client& client) override { holds_.HoldForPause(client); }
  void HeldByTransit(client::Client& client) override { holds_.HoldForTransit(client); }

 private:
  void EnterGate();
  void GiveWay();  // before a system call
  void EndTurn();
  void BeginTurn();  // what the last one left for this
  void SendAll();
  void Close(client::Client& client) { connections_.Close(client); }
  // Whether there is more to do than this turn had time for.
  bool WorkWaits() const;
  void RunDue();  // expiry, waits whose deadline passed, pauses that ended
  void PostSoon(std::function<void()> work);
  bool RunSoon();  // false: there was nothing
  void ScheduleWakeup();

  command::Services& services_;
  telemetry::WorkerStats& stats_;
  GatePass pass_;
  net::EventLoop loop_;
  client::ChunkPool chunks_;
  command::PendingEffects pending_effects_;
  Executor executor_;
  Outbox outbox_;
  Batch batch_;
  Inbox inbox_;
  Chores chores_;
  Holds holds_;
  Connections connections_;
  // Runs once the turn's output is sent; what it writes itself is sent after it.
  std::vector<std::function<void()>> soon_;
  bool soon_open_ = false;
  waiting::Mailbox mailbox_;

  size_t arrived_bytes_ = 0;  // of messages that this turn sends
};

}  // namespace corral::dispatch
