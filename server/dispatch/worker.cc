// The turn of a worker's loop.
#include "server/dispatch/worker.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "server/command/debug_switches.h"
#include "server/config/settings.h"
#include "server/lease/leases.h"
#include "server/pubsub/hub.h"
#include "server/tracking/tracking.h"

namespace corral::dispatch {

using client::Client;

namespace {

thread_local Worker* current = nullptr;

Client& ClientOf(net::Stream& stream) { return *static_cast<Client*>(stream.context); }

}  // namespace

Worker* Worker::Current() { return current; }

Worker::Worker(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t index,
               const storage::TickCounter& ticks, MonitorFeed& monitors, PauseQueue& pauses)
    : services_(services),
      stats_(stats),
      pass_(gate, index),
      loop_(this),
      chunks_(&services.lazy_free),
      executor_(services, stats, gate, index, ticks, monitors),
      outbox_(services.settings, services.clients.memory(), stats, executor_.clock(), pass_, *this),
      batch_(services, executor_, gate, index, *this),
      inbox_(services.settings, stats, executor_.clock(), batch_),
      chores_(services, stats, gate, index, executor_, chunks_),
      holds_(services.clients, *this, inbox_, outbox_, pauses, index),
      connections_(services, batch_, outbox_, holds_),
      mailbox_([this](std::function<void()> work) { PostSoon(std::move(work)); },
               services.settings.threads > 1) {
  worker_index = index;
  loop_.SetTimer(net::EventLoop::MonotonicMs(), [this] { RunDue(); });
  pauses.AddWorker([this] { loop_.Post([this] { ResumePaused(); }); });
  services.clients.transit().AddWorker([this] { loop_.Post([] {}); });
  services.pubsub.AddWorker(*this);
  services.leases.AddMailbox(this, mailbox_);
}

Worker::~Worker() = default;

void Worker::Run() {
  current = this;
  pending_effects_.Bind();
  loop_.Run();
}

// --- turns

void Worker::EnterGate() {
  if (!pass_.Enter()) return;
  soon_open_ = true;
  executor_.clock().Refresh();
}

void Worker::GiveWay() {
  if (pass_.GiveWay()) [[unlikely]]
    executor_.clock().Refresh();
}

void Worker::AfterPoll() {
  // Nothing may have arrived, but work is left from the last turn.
  if (WorkWaits()) EnterGate();
  EndTurn();
}

// Timers and posted work run between a turn and the next poll. What they started is finished here.
void Worker::BeforeSleep() { EndTurn(); }

bool Worker::WorkWaits() const {
  return chores_.waits() || batch_.requests_wait() || outbox_.waits() || connections_.waits() ||
         holds_.due(loop_.NowMs());
}

void Worker::EndTurn() {
  if (!pass_.inside()) return;  // nothing happened
  BeginTurn();
  inbox_.Run();
  RunDue();
  SendAll();
  const bool ran_more = RunSoon();
  if (arrived_bytes_ != 0) [[unlikely]]
    chores_.EndTransit(std::exchange(arrived_bytes_, 0));
  connections_.CloseEnded();
  chores_.KeepClientMemory(*this, loop_.NowMs());
  if (chores_.Evict()) [[unlikely]] {
    // Clients that have to be told of evicted keys are told now, which frees the memory of these messages.
    SendAll();
    chores_.SettleEviction();
  }
  inbox_.EndTurn();
  ++stats_.loop_turns;
  ScheduleWakeup();
  pass_.Leave();
  // After many sends in a row the kernel still has packets to deliver, on this core. If it does not get the
  // core now, requests that arrive in the meantime wait for milliseconds.
  if (ran_more) std::this_thread::yield();
}

void Worker::BeginTurn() {
  outbox_.BeginTurn();
  batch_.BeginTurn();
  holds_.LetAllGo();
}

void Worker::SendAll() {
  services_.tracking.EndTurn(*this);
  outbox_.FlushAll();
}

// The work runs after the output of the turn was sent, so that no reply waits for it. Any thread.
void Worker::PostSoon(std::function<void()> work) {
  if (Current() == this && soon_open_) {
    soon_.push_back(std::move(work));
  } else {
    loop_.Post([this, work = std::move(work)]() mutable { soon_.push_back(std::move(work)); });
  }
}

void Worker::PostMessages(std::function<void()> work, size_t bytes) {
  if (Worker* sender = Current(); sender != nullptr && sender->running() != nullptr) {
    sender->running()->turn.sent_messages = true;
  }
  services_.clients.transit().Add(bytes);
  loop_.Post([this, work = std::move(work), bytes] {
    work();
    arrived_bytes_ += bytes;
  });
}

bool Worker::RunSoon() {
  soon_open_ = false;  // what this work posts runs in the next turn
  if (soon_.empty()) [[likely]]
    return false;
  const auto work = std::exchange(soon_, {});
  for (const auto& run : work) run();
  if (!batch_.empty()) inbox_.Run();
  SendAll();
  return true;
}

// --- connections

void Worker::Adopt(int descriptor, net::Transport transport) {
  EnterGate();
  net::Stream::Handle stream(new net::Stream(loop_, descriptor, transport, *this));
  Client& client = connections_.Add(std::move(stream), *this, chunks_, net::EventLoop::UnixMs());
  ++stats_.connections;
  client.stream().StartReading();
}

void Worker::CloseAll() {
  EnterGate();
  do {
    BeginTurn();
    outbox_.FlushAll();
  } while (outbox_.waits());
  connections_.CloseAll();
  pass_.Leave();  // another worker may still wait for its turn alone
}

void Worker::Visit(uint64_t client_id, std::function<void(Client&)> work) {
  loop_.Post([this, client_id, work = std::move(work)] {
    Client* client = Find(client_id);
    if (client == nullptr) return;
    work(*client);
    if (client->close_now()) return Close(*client);
    const client::WaitEnd end = std::exchange(client->requested_wait_end, client::WaitEnd::kNone);
    if (client->blocked() && end != client::WaitEnd::kNone) holds_.EndWait(*client, end);
    outbox_.Queue(*client);
  });
}

void Worker::Push(Client& client, const client::PushedMessage& message) {
  if (client.close_now() || client.close_after_reply()) return;
  if (&client == executor_.running()) [[unlikely]]
    return executor_.Defer(message);
  const uint64_t mark = client.output.mark();
  client::Append(message, &client.output);
  client.turn.pushed_bytes += client.output.mark() - mark;
  if (outbox_.OverLimit(client, executor_.clock().unix_ms())) client.CloseNow();
  outbox_.Queue(client);
}

// --- reading

std::span<char> Worker::ReadBuffer(net::Stream& stream) {
  EnterGate();
  GiveWay();
  return inbox_.Buffer(ClientOf(stream));
}

void Worker::OnRead(net::Stream& stream, size_t bytes) {
  Client& client = ClientOf(stream);
  if (!inbox_.Take(client, bytes)) return Close(client);
  chores_.Touched(client);
  // A large request can put the clients over their limit. This is checked before it is parsed, because the
  // client that sent it may be the one to close, and then the request must not run.
  if (client.pending_input.size() > Inbox::kReadBytes) chores_.KeepClientMemory(*this, loop_.NowMs());
  holds_.InputArrived(client);
  inbox_.Queue(client);
}

void Worker::OnEnd(net::Stream& stream) {
  EnterGate();
  // Requests that arrived before the end, in the same turn, still run.
  inbox_.Run();
  Client& client = ClientOf(stream);
  while (batch_.Resume(client) || holds_.LetGo(client)) inbox_.Run();
  // A peer that only closed its sending side reads the replies that it is owed.
  client.turn.input_ended = true;
  if (!client.close_now() && !client.stream().writing() && !client.turn.output_waits) {
    outbox_.SendNow(client);
  }
  if (client.turn.output_waits && !client.close_now()) {
    client.CloseAfterReply();
  } else {
    connections_.CloseInTurn(client);
  }
}

// --- writing

void Worker::AfterCommand(Client& client) {
  if (client.blocked()) holds_.BeginWait(client);
  outbox_.Queue(client);
}

void Worker::Sending(Client& client) { chores_.Touched(client); }

void Worker::OnWritten(net::Stream& stream, size_t bytes, bool ok) {
  EnterGate();
  Client& client = ClientOf(stream);
  if (ok) {
    outbox_.CountSent(client, bytes);
  } else {
    client.CloseNow();
  }
  outbox_.Queue(client);
}

void Worker::ResumePaused() {
  EnterGate();
  chores_.ExpiryRested();
  if (!holds_.ResumePaused()) loop_.Post([this] { ResumePaused(); });
}

void Worker::FeedMonitors(const std::string& line) {
  EnterGate();
  connections_.FeedMonitors(line);
}

// --- time

void Worker::RunDue() {
  const int64_t now = loop_.NowMs();
  chores_.Expire(now);
  holds_.RunDue(now);
  services_.leases.RunDue();
  connections_.CheckSome(chores_, executor_.clock().unix_ms());
  if (holds_.EndPause()) [[unlikely]]
    ResumePaused();
  if (!batch_.empty()) inbox_.Run();
}

void Worker::ScheduleWakeup() {
  int64_t at = chores_.Schedule(loop_.NowMs());
  loop_.StayAwake(WorkWaits());
  at = std::min(at, holds_.next_due_ms());
  at = std::min(at, services_.leases.next_due_ms());
  loop_.MoveTimer(at);
}

void Worker::CheckLimits(int64_t unix_ms) {
  EnterGate();
  connections_.BeginRound(chores_, unix_ms);
}

}  // namespace corral::dispatch
