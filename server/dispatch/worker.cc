// The turn of a worker's loop.
#include "server/dispatch/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "server/command/debug_switches.h"
#include "server/config/settings.h"
#include "server/lease/leases.h"
#include "server/log/log.h"
#include "server/log/throttle.h"
#include "server/pubsub/hub.h"
#include "server/tracking/tracking.h"
#include "storage/memory_meter.h"

namespace corral::dispatch {

using client::Client;

namespace {

thread_local Worker* current = nullptr;

}  // namespace

Worker* Worker::Current() { return current; }

Worker::Worker(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t index,
               const storage::TickCounter& ticks, MonitorFeed& monitors, PauseQueue& pauses)
    : services_(services),
      stats_(stats),
      gate_(gate),
      index_(index),
      pass_(gate, index),
      loop_(this),
      chunks_(&services.lazy_free),
      executor_(services, stats, gate, index, ticks, monitors),
      outbox_(services.settings, services.clients.memory(), stats, executor_.clock(), pass_, *this),
      batch_(services, executor_, gate, index, *this),
      pauses_(pauses),
      mailbox_([this](std::function<void()> work) { PostSoon(std::move(work)); },
               services.settings.threads > 1),
      arena_(new char[kArenaBytes]) {
  worker_index = index;
  loop_.SetTimer(net::EventLoop::MonotonicMs(), [this] { RunDue(); });
  pauses.AddWorker([this] { loop_.Post([this] { ResumePaused(); }); });
  services.pubsub.AddWorker(*this);
  services.leases.AddMailbox(this, mailbox_);
}

Worker::~Worker() = default;

void Worker::Run() {
  current = this;
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
  // A turn of its own for what is due, though nothing arrived.
  if (WorkWaits()) EnterGate();
  EndTurn();
}

// Timers run between the end of one turn and the next poll: what they started is finished here.
void Worker::BeforeSleep() { EndTurn(); }

bool Worker::WorkWaits() const {
  return expiry_waits_ || eviction_waits_ || deadlines_wait_ || batch_.requests_wait() || outbox_.waits() ||
         !ended_.empty();
}

void Worker::EndTurn() {
  if (!pass_.inside()) return;  // nothing happened
  BeginTurn();
  RunBatch();
  RunDue();
  services_.tracking.EndTurn(*this);
  outbox_.FlushAll();
  const bool ran_more = RunSoon();
  if (arrived_bytes_ != 0) [[unlikely]]
    EndTransit();
  CloseEnded();
  if (services_.clients.memory().on()) [[unlikely]]
    KeepMemoryLimit();
  eviction_waits_ = services_.settings.maxmemory_bytes != 0 && KeepMaxmemory();
  last_read_ = nullptr;
  ++stats_.loop_turns;
  ScheduleWakeup();
  pass_.Leave();
  // Many sends in a row leave the kernel behind with delivering; it catches up on this core, which costs
  // requests that arrive meanwhile milliseconds unless it gets the core now.
  if (ran_more) std::this_thread::yield();
}

void Worker::BeginTurn() {
  outbox_.BeginTurn();
  batch_.BeginTurn();
}

// Behind everybody else's output of the turn, so that nobody's reply waits for it. Any thread.
void Worker::PostSoon(std::function<void()> work) {
  if (Current() == this && soon_open_) {
    soon_.push_back(std::move(work));
  } else {
    loop_.Post([this, work = std::move(work)]() mutable { soon_.push_back(std::move(work)); });
  }
}

void Worker::PostMessages(std::function<void()> work, size_t bytes) {
  services_.clients.AddInTransit(bytes);
  loop_.Post([this, work = std::move(work), bytes] {
    work();
    arrived_bytes_ += bytes;
  });
}

void Worker::EndTransit() {
  if (services_.settings.maxmemory_bytes != 0) {
    // What they took is free for everybody to see before it counts again.
    TrimChunks();
    storage::MemoryMeter::Publish();
  }
  services_.clients.RemoveInTransit(std::exchange(arrived_bytes_, 0));
}

bool Worker::RunSoon() {
  soon_open_ = false;  // what these start is done in the next turn
  if (soon_.empty()) [[likely]]
    return false;
  const auto work = std::exchange(soon_, {});
  for (const auto& run : work) run();
  if (!batch_.empty()) RunBatch();
  services_.tracking.EndTurn(*this);
  outbox_.FlushAll();
  return true;
}

void Worker::RunBatch() {
  batch_.Run();
  arena_used_ = 0;
  expiry_stale_ |= executor_.TakeWrote();
  storage::MemoryMeter::Publish();
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

// Gives up what others wait for or count.
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

// When thousands end at once, or have been idle for long, those that work wait for some of them only. Nobody
// waits for the ended ones: what they hold for others is given up now.
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
  auto& client = *static_cast<Client*>(stream.context);
  // One read a turn for each connection; what the socket still holds makes it readable again in the next. Not
  // every second read follows the first: libuv polls again within the turn when more than 1,024 connections
  // are readable, and what a connection sent before has yet to run.
  if (last_read_ == &stream || client.ready || client.requests_wait || client.output_waits) return {};
  if (!client.pending_input.empty()) {
    std::span<char> tail = client.reader.DetachedTail();
    if (tail.empty()) tail = client.pending_input.Tail(client.reader.wanted_bytes());
    return tail.first(std::min(tail.size(), kBigReadBytes));
  }
  if (kArenaBytes - arena_used_ < kReadBytes) RunBatch();
  return {arena_.get() + arena_used_, kReadBytes};
}

void Worker::OnRead(net::Stream& stream, size_t bytes) {
  auto& client = *static_cast<Client*>(stream.context);
  last_read_ = &stream;
  stats_.bytes_in += bytes;
  ++stats_.reads;
  client.bytes_in += bytes;
  client.last_active_ms = executor_.clock().unix_ms();
  if (client.pending_input.empty()) {
    client.input = {arena_.get() + arena_used_, bytes};
    // The next connection's bytes begin on a cache line of their own.
    arena_used_ += (bytes + 63) & ~size_t{63};
  } else {
    const bool detached = !client.reader.DetachedTail().empty();
    if (detached) {
      client.reader.CommitDetached(bytes);
    } else {
      client.pending_input.Commit(bytes);
    }
    client.input = client.pending_input.view();
    const size_t pending = client.pending_input.size() + client.reader.detached_bytes();
    if (pending > services_.settings.client_query_buffer_limit_bytes) {
      static log::Throttle closings("clients that reached max query buffer length", 10, 5'000);
      if (closings.Allows()) {
        log::Warning("Closing client that reached max query buffer length: {}",
                     client::Describe(client, executor_.clock().unix_ms()));
      }
      ++stats_.query_buffer_disconnections;
      Close(client);
      return;
    }
  }
  if (services_.clients.memory().on()) [[unlikely]] {
    touched_.push_back(client.id);
    // A request that is too much is not run: it has to be told before it is taken apart.
    if (client.pending_input.size() > kReadBytes) KeepMemoryLimit();
    if (client.close_now()) return;
  }
  if (client.blocked() && client.wait()->EndsOnInput()) {
    deadlines_.Forget(client);
    client.wait()->ReplyTimeout(client.reply);
    client.Unblock();
    outbox_.Queue(client);
  }
  if (client.runnable()) {
    batch_.Add(client);
  } else if (client.pending_input.empty()) {
    client.pending_input.Assign(client.input);
  }
}

void Worker::OnEnd(net::Stream& stream) {
  EnterGate();
  // What arrived before the end in this same turn still runs, as it would have if the end had come later.
  RunBatch();
  auto& client = *static_cast<Client*>(stream.context);
  while (batch_.Resume(client)) RunBatch();
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
  // Requests behind a wait that ends on input: they may even be half, or not read out of this packet yet.
  if (client.blocked() && !client.input.empty() && client.wait()->EndsOnInput()) {
    client.wait()->ReplyTimeout(client.reply);
    client.Unblock();
  }
  if (client.blocked()) deadlines_.Add(client);
  outbox_.Queue(client);
}

void Worker::Sending(Client& client) { touched_.push_back(client.id); }

void Worker::OnWritten(net::Stream& stream, size_t bytes, bool ok) {
  EnterGate();
  auto& client = *static_cast<Client*>(stream.context);
  if (ok) {
    outbox_.CountSent(client, bytes);
  } else {
    client.CloseNow();
  }
  outbox_.Queue(client);
}

void Worker::TrimChunks() {
  if (services_.debug.reply_resizing.load(std::memory_order_relaxed)) chunks_.Trim();
}

// What connections send and are owed is memory as well, and no write of theirs asks for room.
bool Worker::KeepMaxmemory() {
  const config::Settings& settings = services_.settings;
  const uint64_t limit_bytes = settings.maxmemory_bytes + services_.clients.in_transit_bytes();
  const auto within = [&] { return storage::MemoryMeter::UsedBytes() <= static_cast<int64_t>(limit_bytes); };
  if (settings.maxmemory_policy == config::MaxmemoryPolicy::kNoEviction || within()) return false;
  if (services_.clients.pause_mode() != client::PauseMode::kNone) return false;
  TrimChunks();  // what is only kept for later goes before keys
  const bool evicts = services_.keyspace.MakeRoom(limit_bytes, 0, executor_.clock().unix_ms());
  // Whoever is told of what went gets it now, and the memory for it is free again.
  services_.tracking.EndTurn(*this);
  outbox_.FlushAll();
  TrimChunks();
  return evicts && !within();
}

void Worker::KeepMemoryLimit() {
  client::MemoryLimit& limit = services_.clients.memory();
  for (uint64_t id : touched_) {
    if (Client* client = Find(id)) limit.Account(*client);
  }
  touched_.clear();
  if (!limit.Exceeded(loop_.NowMs())) return;
  Gate::Exclusive alone(gate_, index_);
  stats_.evicted_clients +=
      limit.Enforce(services_.clients.All(), executor_.clock().unix_ms(), loop_.NowMs());
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
  if (client.pending_input.empty() || !client.runnable()) return;
  client.input = client.pending_input.view();
  batch_.Add(client);
}

void Worker::HeldByPause(Client& client) { pauses_.Add(index_, client.id); }

void Worker::ResumePaused() {
  EnterGate();
  expiry_stale_ = true;  // expiry has rested as well
  for (int left = kTurnResumed; left > 0; --left) {
    const std::optional<uint64_t> id = pauses_.Next(index_);
    if (!id) return;
    if (Client* client = Find(*id)) {
      client->paused = false;
      Resume(*client);
      RunBatch();
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
  int64_t now = loop_.NowMs();
  if (now - last_expiry_ms_ >= kExpiryIntervalMs || next_expiry_ms_ <= executor_.clock().unix_ms())
    ExpireKeys();
  for (int left = kTurnDeadlines; left > 0; --left) {
    const std::optional<uint64_t> due = deadlines_.TakeDue(now);
    if (!due) break;
    Client* client = Find(*due);
    if (client != nullptr && client->blocked()) EndWait(*client, client::WaitEnd::kTimeout);
  }
  deadlines_wait_ = deadlines_.next_ms() <= now;
  services_.leases.RunDue();
  if (!pauses_.empty() && services_.clients.pause_mode() == client::PauseMode::kNone) [[unlikely]] {
    pauses_.Open();
    ResumePaused();
  }
  if (!batch_.empty()) RunBatch();
}

void Worker::ExpireKeys() {
  last_expiry_ms_ = loop_.NowMs();
  expiry_stale_ = false;
  if (!services_.debug.active_expiry.load(std::memory_order_relaxed)) {
    next_expiry_ms_ = INT64_MAX;
    return;
  }
  next_expiry_ms_ = services_.keyspace.ExpireDue(0, 1, executor_.clock().unix_ms(), kExpiryBudgetUs);
  storage::MemoryMeter::Publish();
}

void Worker::ScheduleWakeup() {
  int64_t now = loop_.NowMs(), at = INT64_MAX;
  int64_t due_in = next_expiry_ms_ == INT64_MAX ? INT64_MAX : next_expiry_ms_ - executor_.clock().unix_ms();
  expiry_waits_ = due_in <= 0;
  loop_.StayAwake(WorkWaits());
  if (due_in > 0 && due_in != INT64_MAX) at = now + due_in;
  // Rounded, so that a busy loop sets its timer once a tick and not once a turn.
  if (expiry_stale_) at = std::min(at, (now / kExpiryIntervalMs + 1) * kExpiryIntervalMs);
  at = std::min(at, deadlines_.next_ms());
  at = std::min(at, services_.leases.next_due_ms());
  if (!pauses_.empty()) at = std::min(at, services_.clients.pause_deadline_ms());
  loop_.MoveTimer(at);
}

void Worker::CheckLimits(int64_t unix_ms) {
  EnterGate();
  int64_t timeout_ms = services_.settings.timeout_s * int64_t{1000};
  const int64_t reset_ms = services_.debug.reply_peak_reset_ms.load(std::memory_order_relaxed);
  const bool new_peak = reset_ms >= 0 && std::abs(unix_ms - peaks_reset_ms_) >= reset_ms;
  if (new_peak) peaks_reset_ms_ = unix_ms;
  std::vector<Client*> closing;
  for (auto& [id, client] : clients_) {
    bool idle = timeout_ms > 0 && !client->blocked() && !client->monitor && !client->subscriptions &&
                unix_ms - client->last_active_ms > timeout_ms;
    static log::Throttle closings("idle clients", 10, 5'000);
    if (idle && log::Enabled(log::Level::kVerbose) && closings.Allows()) log::Verbose("Closing idle client");
    if (new_peak) client->reply_peak_bytes = client->output.pending_bytes();
    if (services_.clients.memory().on()) touched_.push_back(id);
    if (idle || client->close_now() || outbox_.OverLimit(*client, unix_ms)) closing.push_back(client.get());
  }
  for (Client* client : closing) CloseInTurn(*client);
}

}  // namespace corral::dispatch
