// A caller that waits for another's fetch: a link in its lease's queue, then in its worker's mailbox.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/lease/answer.h"
#include "server/lease/token.h"

namespace corral::lease {

class Leader;
class Mailbox;
struct Group;
struct Lease;

// Made, delivered and destroyed by the thread of its worker. The owner ends it with Leases::Finish or
// Leases::Leave before it goes.
class Waiter {
 public:
  // `lease_ms`: how long it wants the lease when it is promoted.
  Waiter(Mailbox& mailbox, Leader& leader, int64_t lease_ms)
      : mailbox_(&mailbox), leader_(&leader), lease_ms_(lease_ms) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // The wait is over: tells the caller, and may destroy this. On the worker's thread, without locks.
  virtual void Deliver(const Outcome& outcome, Token token) = 0;

 protected:
  ~Waiter() = default;

 private:
  friend class Leases;
  friend class Mailbox;
  friend class WaiterQueue;
  // kQueued: in its group. kPromoted: a lease was granted to it, and it is in its mailbox; it becomes that
  // under the shard's lock. All else happens on the worker's thread.
  enum class State : uint8_t { kNew, kQueued, kPromoted, kDone };

  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  Group* group_ = nullptr;  // kQueued
  Lease* lease_ = nullptr;  // kPromoted: the lease, while the grant stands; locked by its shard
  Mailbox* mailbox_;
  Leader* leader_;
  std::unique_ptr<const Outcome> outcome_;  // kPromoted
  Token token_;                             // kPromoted
  uint64_t arrival_ = 0;                    // counts within its shard
  int64_t lease_ms_;
  uint32_t shard_ = 0;
  std::atomic<State> state_{State::kNew};
};

// First in, first out; anywhere out in constant time. Locked by whoever owns it.
class WaiterQueue {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  Waiter* first() const { return first_; }
  void Append(Waiter& waiter) {
    waiter.previous_ = last_;
    waiter.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
    ++size_;
  }
  void Remove(Waiter& waiter) {
    (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.previous_ = waiter.next_ = nullptr;
    --size_;
  }
  Waiter* TakeFirst() {
    Waiter* waiter = first_;
    if (waiter != nullptr) Remove(*waiter);
    return waiter;
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  size_t size_ = 0;
};

// The waiters of one lease on one worker. They are answered together, in constant time: the lease hands the
// group to the worker's mailbox. Before that it is locked by the lease's shard, afterwards its worker's
// thread owns it.
struct Group {
  Lease* lease;  // null: answered
  Mailbox* mailbox;
  WaiterQueue waiters;
  std::shared_ptr<const Outcome> outcome;  // once answered
};

}  // namespace corral::lease
