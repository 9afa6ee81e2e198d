#include "server/lease/mailbox.h"

#include <mutex>

namespace corral::lease {

void Mailbox::Put(Waiter& promoted) {
  {
    std::lock_guard guard(lock_);
    promoted_.Append(promoted);
    if (std::exchange(posted_, true)) return;
  }
  post_([this] { DeliverSlice(); });
}

void Mailbox::Put(std::unique_ptr<Group> answered) {
  {
    std::lock_guard guard(lock_);
    answered_.push_back(std::move(answered));
    if (std::exchange(posted_, true)) return;
  }
  post_([this] { DeliverSlice(); });
}

void Mailbox::Remove(Waiter& promoted) {
  std::lock_guard guard(lock_);
  promoted_.Remove(promoted);
}

void Mailbox::DeliverSlice() {
  size_t delivered = 0;
  while (delivered < kSlice && (DeliverPromoted() || DeliverAnswered())) ++delivered;
  {
    std::lock_guard guard(lock_);
    posted_ = !promoted_.empty() || !answered_.empty();
    if (!posted_) return;
  }
  post_([this] { DeliverSlice(); });
}

bool Mailbox::DeliverPromoted() {
  Waiter* waiter;
  {
    std::lock_guard guard(lock_);
    waiter = promoted_.TakeFirst();
  }
  if (waiter == nullptr) return false;
  taken_(*waiter);
  // The waiter goes with its wait.
  const std::unique_ptr<const Outcome> outcome = std::move(waiter->outcome_);
  waiter->Deliver(*outcome, waiter->token_);
  return true;
}

bool Mailbox::DeliverAnswered() {
  Group* group;
  {
    std::lock_guard guard(lock_);
    // What is in a group is this thread's; the lock is for the list of groups.
    while (!answered_.empty() && answered_.front()->waiters.empty()) answered_.pop_front();
    if (answered_.empty()) return false;
    group = answered_.front().get();
  }
  Waiter* waiter = group->waiters.TakeFirst();
  waiter->state_.store(Waiter::State::kDone, std::memory_order_relaxed);
  waiter->Deliver(*group->outcome, {});
  return true;
}

}  // namespace corral::lease
