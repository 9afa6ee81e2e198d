#include "server/log/queue.h"

#include <signal.h>

#include <chrono>
#include <thread>
#include <utility>

namespace corral::log {

Queue::Queue(size_t most_bytes, Sink sink, Notice notice) : state_(std::make_shared<State>()) {
  state_->most_bytes = most_bytes;
  state_->sink = std::move(sink);
  state_->notice = std::move(notice);
  // Signals are the main thread's business, but those of a fault concern the thread that committed it.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&blocked, fault);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  std::thread([state = state_] { Run(*state); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Queue::~Queue() {
  {
    std::lock_guard guard(state_->mutex);
    state_->stopping = true;
  }
  state_->work.notify_one();
}

void Queue::Push(Line line) {
  {
    std::lock_guard guard(state_->mutex);
    if (state_->bytes + line.text.size() > state_->most_bytes) {
      ++state_->lost;
      return;
    }
    state_->bytes += line.text.size();
    state_->lines.push_back({std::move(line), std::exchange(state_->lost, 0)});
    state_->pending.store(state_->lines.size(), std::memory_order_relaxed);
  }
  state_->work.notify_one();
}

bool Queue::Flush(int timeout_ms) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                               [this] { return state_->lines.empty(); });
}

uint64_t Queue::pending() const { return state_->pending.load(std::memory_order_relaxed); }

void Queue::Run(State& state) {
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.work.wait(lock, [&] { return state.stopping || !state.lines.empty(); });
    if (state.lines.empty()) return;
    WriteOne(state, lock);
    // Lost lines came after all that are in the queue.
    if (state.lines.size() == 1 && state.lost != 0) SayLost(state, lock);
    state.bytes -= state.lines.front().line.text.size();
    state.lines.pop_front();
    state.pending.store(state.lines.size(), std::memory_order_relaxed);
    if (state.lines.empty()) state.idle.notify_all();
  }
}

// The line stays in the queue while it is written; others may only be added behind it.
void Queue::WriteOne(State& state, std::unique_lock<std::mutex>& lock) {
  Waiting& first = state.lines.front();
  if (first.lost_before != 0) {
    const Line notice = state.notice(first.lost_before);
    lock.unlock();
    const bool said = state.sink(notice);
    lock.lock();
    if (said) first.lost_before = 0;
  }
  lock.unlock();
  const bool written = state.sink(first.line);
  lock.lock();
  // What could not be said goes on to the next line.
  state.lost += first.lost_before + (written ? 0 : 1);
}

void Queue::SayLost(State& state, std::unique_lock<std::mutex>& lock) {
  const uint64_t lost = std::exchange(state.lost, 0);
  const Line notice = state.notice(lost);
  lock.unlock();
  const bool said = state.sink(notice);
  lock.lock();
  if (!said) state.lost += lost;
}

}  // namespace corral::log
