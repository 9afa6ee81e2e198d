#include "server/dispatch/pause_queue.h"

namespace corral::dispatch {

void PauseQueue::Add(size_t worker, uint64_t client_id) {
  std::lock_guard guard(mutex_);
  held_.push_back({arrivals_++, worker, client_id});
  size_.store(held_.size(), std::memory_order_relaxed);
}

void PauseQueue::Open() {
  std::lock_guard guard(mutex_);
  open_ = arrivals_;
}

std::optional<uint64_t> PauseQueue::Next(size_t worker) {
  size_t told;
  {
    std::lock_guard guard(mutex_);
    if (turn_ != kNobody && turn_ != worker) return std::nullopt;
    if (held_.empty() || held_.front().arrival >= open_) {
      turn_ = kNobody;
      return std::nullopt;
    }
    turn_ = told = held_.front().worker;
    if (told == worker) {
      const uint64_t client_id = held_.front().client_id;
      held_.pop_front();
      size_.store(held_.size(), std::memory_order_relaxed);
      return client_id;
    }
  }
  resume_[told]();
  return std::nullopt;
}

}  // namespace corral::dispatch
