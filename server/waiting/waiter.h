// A client that waits for keys: its places in their queues, and the claim that decides who ends its wait.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace corral::waiting {

class Mailbox;
class Waiter;

// A waiter's place in one queue. Owned by the waiter; linked and unlinked under the lock of the queue.
struct Place {
  explicit Place(Waiter& waiter) : waiter(waiter) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Waiter& waiter;
  Place* previous = nullptr;
  Place* next = nullptr;
  uint64_t arrival = 0;  // orders the waiters of a key that stand in several queues; counts within its shard
};

// First in, first out; anywhere out in constant time. Locked by whoever owns it: a key's by the lock of its
// shard.
class Queue {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  Place* first() const { return first_; }
  void Append(Place& place) {
    place.previous = last_;
    place.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &place;
    last_ = &place;
    ++size_;
  }
  void Remove(Place& place) {
    (place.previous != nullptr ? place.previous->next : first_) = place.next;
    (place.next != nullptr ? place.next->previous : last_) = place.previous;
    place.previous = place.next = nullptr;
    --size_;
  }
  // Null when it is empty.
  Place* TakeFirst() {
    Place* place = first_;
    if (place != nullptr) Remove(*place);
    return place;
  }

 private:
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  size_t size_ = 0;
};

// Made, delivered and destroyed by the thread of its worker. It may stand in the queues of several keys, in
// several shards. Its wait ends once, and a compare-and-swap says how:
//
//   Claim      any thread, under the lock of one of its keys: there is something for it. Under the same lock
//              it is put into its mailbox, and Deliver follows on its worker's thread.
//   Withdraw   its worker's thread: its deadline passed, its connection closed or sent more, or CLIENT
//              UNBLOCK. Nobody can claim it any more, so nothing that was stored for it is lost.
//
// Whoever loses a Claim leaves the waiter alone. The worker's thread takes out the places that are still
// linked, each under the lock of its shard. If its Withdraw was lost, the waiter lies in the mailbox by then,
// because the claimer's lock was among them: Mailbox::Remove takes it out.
class Waiter {
 public:
  explicit Waiter(Mailbox& mailbox) : mailbox_(mailbox), place_(*this) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // What it was claimed for has arrived: answers the client. May destroy this. On its worker's thread, in a
  // turn, without locks.
  virtual void Deliver() = 0;

  // From now on it can be claimed. After its places are linked, under the locks of all its keys.
  void Begin() { state_.store(State::kQueued, std::memory_order_release); }
  bool Claim() { return Leave(State::kClaimed); }
  bool Withdraw() { return Leave(State::kDone); }
  // It was claimed, and its worker answers it now or never. Its worker's thread.
  void End() { state_.store(State::kDone, std::memory_order_release); }
  // Whether it waits, or was claimed and has not been answered.
  bool pending() const {
    const State state = state_.load(std::memory_order_acquire);
    return state == State::kQueued || state == State::kClaimed;
  }

  Mailbox& mailbox() const { return mailbox_; }
  // Its place in the mailbox once it was claimed. Until then a waiter for one key stands with it in that
  // key's queue; a waiter for several keys has further places of its own.
  Place& place() { return place_; }

 protected:
  ~Waiter() = default;

 private:
  enum class State : uint8_t { kNew, kQueued, kClaimed, kDone };
  bool Leave(State next) {
    State expected = State::kQueued;
    return state_.compare_exchange_strong(expected, next, std::memory_order_acq_rel,
                                          std::memory_order_acquire);
  }

  Mailbox& mailbox_;
  Place place_;
  std::atomic<State> state_{State::kNew};
};

// Waiters of one worker that are answered together: handing them to their mailbox takes constant time,
// however many they are. Before that the group is locked by the shard of its key; afterwards it belongs to
// the worker's thread, and its waiters are withdrawn, or removed from it, without a lock.
struct Group {
  explicit Group(Mailbox& mailbox) : mailbox(mailbox) {}
  virtual ~Group() = default;

  Mailbox& mailbox;
  Queue waiters;  // each by Waiter::place()
};

}  // namespace corral::waiting
