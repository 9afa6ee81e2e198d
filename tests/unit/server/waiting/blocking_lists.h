// A user of the waiting room that is no lease: lists in several shards, and clients that wait for the first
// element of any of several of them (BLPOP).
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/waiting/mailbox.h"
#include "server/waiting/waiter.h"

namespace corral::waiting {

// Runs jobs when its test says so, on the thread of the test's choice.
class PaperLoop {
 public:
  explicit PaperLoop(bool concurrent)
      : mailbox([this](std::function<void()> job) { Post(std::move(job)); }, concurrent) {}
  // False when there was none.
  bool RunJobs() {
    std::vector<std::function<void()>> jobs;
    {
      std::lock_guard guard(mutex_);
      jobs.swap(jobs_);
    }
    for (auto& job : jobs) job();
    return !jobs.empty();
  }

 private:
  void Post(std::function<void()> job) {
    std::lock_guard guard(mutex_);
    jobs_.push_back(std::move(job));
  }
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;

 public:
  Mailbox mailbox;
};

class BlockingLists {
 public:
  class Popper;
  explicit BlockingLists(size_t keys) {
    for (size_t i = 0; i < keys; ++i) lists_.push_back(std::make_unique<List>());
  }

  // RPUSH: serves who waits, in order of arrival.
  void Push(size_t key, int element);
  // BLPOP: pops at once, or waits.
  void Pop(Popper& popper);
  // The wait ends without an element, or with the one that is on its way.
  void Leave(Popper& popper);
  // Takes the places out whose queues know the waiter still.
  void Unlink(Popper& popper);
  size_t left() const {
    size_t count = 0;
    for (const auto& list : lists_) count += list->elements.size();
    return count;
  }
  size_t queued() const {
    size_t count = 0;
    for (const auto& list : lists_) count += list->queue.size();
    return count;
  }

 private:
  struct List {  // a shard with one key
    std::mutex lock;
    std::deque<int> elements;
    Queue queue;
  };
  std::vector<std::unique_ptr<List>> lists_;
};

class BlockingLists::Popper final : public Waiter {
 public:
  static constexpr int kNothing = -1;

  // `keys` ascending, as locks are taken.
  Popper(BlockingLists& lists, Mailbox& mailbox, std::vector<size_t> keys)
      : Waiter(mailbox), lists_(lists), keys_(std::move(keys)) {
    for (size_t i = 0; i < keys_.size(); ++i) places_.push_back({std::make_unique<Place>(*this), false});
  }
  ~Popper() { lists_.Leave(*this); }

  void Deliver() override {
    lists_.Unlink(*this);
    delivered = true;
  }
  bool delivered = false;
  int element = kNothing;  // written under a list's lock by whoever claimed it

 private:
  friend class BlockingLists;
  struct KeyPlace {
    std::unique_ptr<Place> place;
    bool linked;  // locked by its list
  };
  BlockingLists& lists_;
  const std::vector<size_t> keys_;
  std::vector<KeyPlace> places_;
};

inline void BlockingLists::Push(size_t key, int element) {
  List& list = *lists_[key];
  std::lock_guard guard(list.lock);
  list.elements.push_back(element);
  for (Place* place = list.queue.first(); place != nullptr && !list.elements.empty(); place = place->next) {
    Waiter& waiter = place->waiter;
    if (!waiter.Claim()) continue;  // another list was faster, or its connection closed
    static_cast<Popper&>(waiter).element = list.elements.front();
    list.elements.pop_front();
    waiter.mailbox().Put(waiter);
  }
}

inline void BlockingLists::Pop(Popper& popper) {
  std::vector<std::unique_lock<std::mutex>> locks;
  for (size_t key : popper.keys_) locks.emplace_back(lists_[key]->lock);
  for (size_t key : popper.keys_) {
    List& list = *lists_[key];
    if (list.elements.empty()) continue;
    popper.element = list.elements.front();
    popper.delivered = true;
    return list.elements.pop_front();
  }
  for (size_t i = 0; i < popper.keys_.size(); ++i) {
    lists_[popper.keys_[i]]->queue.Append(*popper.places_[i].place);
    popper.places_[i].linked = true;
  }
  popper.Begin();
}

inline void BlockingLists::Unlink(Popper& popper) {
  for (size_t i = 0; i < popper.keys_.size(); ++i) {
    List& list = *lists_[popper.keys_[i]];
    std::lock_guard guard(list.lock);
    if (std::exchange(popper.places_[i].linked, false)) list.queue.Remove(*popper.places_[i].place);
  }
}

inline void BlockingLists::Leave(Popper& popper) {
  if (!popper.pending()) return;
  const bool withdrawn = popper.Withdraw();
  Unlink(popper);
  if (withdrawn) return;
  popper.mailbox().Remove(popper);
  popper.End();
}

}  // namespace corral::waiting
