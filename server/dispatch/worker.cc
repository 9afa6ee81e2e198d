// The turn of a worker's loop.
#include "server/dispatch/worker.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "server/command/debug_switches.h"
#include "server/config/settings.h"
#include "server/lease/leases.h"
#include "server/pubsub/hub.h"
#include "server/tracking/tracking.h"
#include "storage/memory_meter.h"

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
      index_(index),
      pass_(gate, index),
      loop_(this),
      chunks_(&services.lazy_free),
      executor_(services, stats, gate, index, ticks, monitors),
      outbox_(services.settings, services.clients.memory(), stats, executor_.clock(), pass_, *this),
      batch_(services, executor_, gate, index, *this),
      inbox_(services.settings, stats, executor_.clock(), batch_),
      chores_(services, stats, gate, index, executor_, chunks_),
      pauses_(pauses),
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
  return chores_.waits() || batch_.requests_wait() || outbox_.waits() || !ended_.empty() ||
         deadlines_.next_ms() <= loop_.NowMs() || limits_at_ < clients_.bucket_count();
}

void Worker::EndTurn() {
  if (!pass_.inside()) return;  // nothing happened
  BeginTurn();
  inbox_.Run();
  RunDue();
  SendAll();
  const bool ran_more = RunSoon();
  if (arrived_bytes_ != 0) [[unlikely]]
    EndTransit();
  CloseEnded();
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
  if (!held_back_.empty()) [[unlikely]]
    LetAllGo();
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
    sender->running()->sent_messages = true;
  }
  services_.clients.transit().Add(bytes);
  loop_.Post([this, work = std::move(work), bytes] {
    work();
    arrived_bytes_ += bytes;
  });
}

void Worker::EndTransit() {
  if (services_.settings.maxmemory_bytes != 0) {
    // In transit, messages do not count against the limit. Their memory is given back before that ends, or
    // other workers would evict keys for it.
    chores_.TrimChunks();
    storage::MemoryMeter::Publish();
  }
  services_.clients.transit().Remove(std::exchange(arrived_bytes_, 0));
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
  uint64_t id = services_.clients.NextId();
  net::Stream::Handle stream(new net::Stream(loop_, descriptor, transport, *this));
  auto owned = std::make_unique<Client>(id, *this, std::move(stream), chunks_, net::EventLoop::UnixMs());
  Client& client = *owned;
  client.authenticated = services_.settings.requirepass.empty();
  client.stream().context = &client;
  clients_.emplace(id, std::move(owned));
  services_.clients.Add(client);
  ++stats_.connections;
  client.stream().StartReading();
}

// Takes the client out of everything that others see: its wait, its leases, its subscriptions.
void Worker::Retire(Client& client) {
  if (client.blocked()) EndWait(client, client::WaitEnd::kNone);
  if (client.leader) services_.leases.LeaderGone(static_cast<lease::Leader&>(*client.leader));
  services_.pubsub.Leave(client);
}

void Worker::Close(Client& client) {
  batch_.Remove(client);
  outbox_.Remove(client);
  if (client.monitor) services_.telemetry.monitors.fetch_sub(1, std::memory_order_relaxed);
  Retire(client);
  services_.tracking.Forget(client);
  services_.clients.Remove(client);
  if (client.pending_input.capacity() + client.reader.detached_capacity() >= storage::LazyFree::kSlowBytes) {
    services_.lazy_free.Submit(
        std::make_unique<client::InputGarbage>(std::move(client.pending_input), std::move(client.reader)));
  }
  clients_.erase(client.id);
}

// Thousands of connections can end at once. A turn closes a few of them, so that the working ones need not
// wait for all. What an ended connection holds for others is given up at once: only its memory waits.
void Worker::CloseInTurn(Client& client) {
  if (client.ended) return;
  if (closes_left_ > 0) {
    --closes_left_;
    return Close(client);
  }
  client.CloseNow();
  client.stream().StopReading();
  Retire(client);
  client.ended = true;
  ended_.push_back(client.id);
}

void Worker::CloseEnded() {
  const size_t count = std::min(ended_.size(), static_cast<size_t>(closes_left_));
  for (size_t i = 0; i < count; ++i) {
    if (Client* client = Find(ended_[i])) Close(*client);
  }
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<ptrdiff_t>(count));
  closes_left_ = kTurnCloses;
}

void Worker::CloseAll() {
  EnterGate();
  do {
    BeginTurn();
    outbox_.FlushAll();
  } while (outbox_.waits());
  while (!clients_.empty()) Close(*clients_.begin()->second);
  pass_.Leave();  // another worker may still wait for its turn alone
}

void Worker::Visit(uint64_t client_id, std::function<void(Client&)> work) {
  loop_.Post([this, client_id, work = std::move(work)] {
    auto found = clients_.find(client_id);
    if (found == clients_.end()) return;
    Client& client = *found->second;
    work(client);
    if (client.close_now()) {
      Close(client);
      return;
    }
    client::WaitEnd end = std::exchange(client.requested_wait_end, client::WaitEnd::kNone);
    if (client.blocked() && end != client::WaitEnd::kNone) EndWait(client, end);
    outbox_.Queue(client);
  });
}

Client* Worker::Find(uint64_t client_id) {
  auto found = clients_.find(client_id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Worker::Push(Client& client, const client::PushedMessage& message) {
  if (client.close_now() || client.close_after_reply()) return;
  if (&client == executor_.running()) [[unlikely]]
    return executor_.Defer(message);
  const uint64_t mark = client.output.mark();
  client::Append(message, &client.output);
  client.pushed_bytes += client.output.mark() - mark;
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
  if (client.blocked() && client.wait()->EndsOnInput()) EndWait(client, client::WaitEnd::kTimeout);
  inbox_.Queue(client);
}

void Worker::OnEnd(net::Stream& stream) {
  EnterGate();
  // Requests that arrived before the end, in the same turn, still run.
  inbox_.Run();
  Client& client = ClientOf(stream);
  while (batch_.Resume(client) || LetGo(client)) inbox_.Run();
  // A peer that only closed its sending side reads the replies that it is owed.
  client.input_ended = true;
  if (!client.close_now() && !client.stream().writing() && !client.output_waits) {
    outbox_.SendNow(client);
  }
  if (client.output_waits && !client.close_now()) {
    client.CloseAfterReply();
  } else {
    CloseInTurn(client);
  }
}

// --- writing

void Worker::AfterCommand(Client& client) {
  // More input ends this wait, and here it has come already, behind the command that waits. It need not be a
  // complete request.
  if (client.blocked() && !client.input.empty() && client.wait()->EndsOnInput()) {
    client.wait()->ReplyTimeout(client.reply);
    client.Unblock();
  }
  if (client.blocked()) deadlines_.Add(client);
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

// --- waiting

void Worker::WaitAnswered(Client& client) {
  deadlines_.Forget(client);
  client.Unblock();
  Resume(client);
}

void Worker::EndWait(Client& client, client::WaitEnd end) {
  deadlines_.Forget(client);
  if (end == client::WaitEnd::kTimeout) client.wait()->ReplyTimeout(client.reply);
  if (end == client::WaitEnd::kError) client.reply.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  client.Unblock();
  if (end != client::WaitEnd::kNone) Resume(client);
}

// Runs what arrived while the client could not go on, and flushes what it is owed.
void Worker::Resume(Client& client) {
  outbox_.Queue(client);
  inbox_.Resume(client);
}

void Worker::HeldByPause(Client& client) { pauses_.Add(index_, client.id); }

// What it goes on to send stays with it.
void Worker::HeldByTransit(Client& client) {
  client.stream().StopReading();
  held_back_.push_back(client.id);
}

bool Worker::LetGo(Client& client) {
  if (!client.held_back || client.close_now()) return false;
  client.held_back = client.sent_messages = false;
  Resume(client);
  return true;
}

void Worker::LetAllGo() {
  if (services_.clients.transit().HoldsBack()) return;
  for (uint64_t id : std::exchange(held_back_, {})) {
    if (Client* client = Find(id); client != nullptr && LetGo(*client)) client->stream().StartReading();
  }
}

void Worker::ResumePaused() {
  EnterGate();
  chores_.ExpiryRested();
  for (int left = kTurnResumed; left > 0; --left) {
    const std::optional<uint64_t> id = pauses_.Next(index_);
    if (!id) return;
    if (Client* client = Find(*id)) {
      client->paused = false;
      Resume(*client);
      inbox_.Run();
    }
  }
  loop_.Post([this] { ResumePaused(); });
}

void Worker::FeedMonitors(const std::string& line) {
  EnterGate();
  for (auto& [id, client] : clients_) {
    if (!client->monitor) continue;
    client->reply.Simple(line);
    client->pushed_bytes += line.size() + 3;
    outbox_.Queue(*client);
  }
}

// --- time

void Worker::RunDue() {
  const int64_t now = loop_.NowMs();
  chores_.Expire(now);
  for (int left = kTurnDeadlines; left > 0; --left) {
    const std::optional<uint64_t> due = deadlines_.TakeDue(now);
    if (!due) break;
    Client* client = Find(*due);
    if (client != nullptr && client->blocked()) EndWait(*client, client::WaitEnd::kTimeout);
  }
  services_.leases.RunDue();
  if (limits_at_ < clients_.bucket_count()) CheckSomeLimits();
  if (!pauses_.empty() && services_.clients.pause_mode() == client::PauseMode::kNone) [[unlikely]] {
    pauses_.Open();
    ResumePaused();
  }
  if (!batch_.empty()) inbox_.Run();
}

void Worker::ScheduleWakeup() {
  int64_t at = chores_.Schedule(loop_.NowMs());
  loop_.StayAwake(WorkWaits());
  at = std::min(at, deadlines_.next_ms());
  at = std::min(at, services_.leases.next_due_ms());
  if (!pauses_.empty()) at = std::min(at, services_.clients.pause_deadline_ms());
  loop_.MoveTimer(at);
}

void Worker::CheckLimits(int64_t unix_ms) {
  EnterGate();
  if (limits_at_ < clients_.bucket_count()) return;  // the last round goes on
  limits_at_ = 0;
  chores_.BeginRound(unix_ms);
}

void Worker::CheckSomeLimits() {
  const int64_t unix_ms = executor_.clock().unix_ms();
  std::vector<Client*> closing;
  for (int left = kTurnLimits; left > 0 && limits_at_ < clients_.bucket_count(); ++limits_at_, --left) {
    for (auto at = clients_.begin(limits_at_); at != clients_.end(limits_at_); ++at, --left) {
      Client& client = *at->second;
      const bool idle = chores_.Inspect(client, unix_ms);
      if (idle || client.close_now() || outbox_.OverLimit(client, unix_ms)) closing.push_back(&client);
    }
  }
  if (limits_at_ >= clients_.bucket_count()) limits_at_ = SIZE_MAX;
  for (Client* client : closing) CloseInTurn(*client);
}

}  // namespace corral::dispatch
