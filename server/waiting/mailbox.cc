#include "server/waiting/mailbox.h"

#include <mutex>

namespace corral::waiting {

void Mailbox::Put(Waiter& claimed) {
  {
    std::lock_guard guard(lock_);
    claimed_.Append(claimed.place());
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

void Mailbox::Remove(Waiter& claimed) {
  std::lock_guard guard(lock_);
  claimed_.Remove(claimed.place());
}

void Mailbox::DeliverSlice() {
  size_t delivered = 0;
  while (delivered < kSlice && (DeliverClaimed() || DeliverAnswered())) ++delivered;
  {
    std::lock_guard guard(lock_);
    posted_ = !claimed_.empty() || !answered_.empty();
    if (!posted_) return;
  }
  post_([this] { DeliverSlice(); });
}

bool Mailbox::DeliverClaimed() {
  Place* place;
  {
    std::lock_guard guard(lock_);
    place = claimed_.TakeFirst();
  }
  if (place == nullptr) return false;
  place->waiter.End();
  place->waiter.Deliver();
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
  Waiter& waiter = group->waiters.TakeFirst()->waiter;
  waiter.End();
  waiter.Deliver();
  return true;
}

}  // namespace corral::waiting
