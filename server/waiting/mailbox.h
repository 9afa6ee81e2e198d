// The waiters of one worker whose wait is over and who have not been told yet.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "server/waiting/leaf_lock.h"
#include "server/waiting/waiter.h"

namespace corral::waiting {

// Any thread puts in, the worker's own takes out: in order, and some in each turn of its loop, so that ten
// thousand wake-ups do not hold up its other clients. However many are put in, one job is posted at a time.
class Mailbox {
 public:
  using Post = std::function<void(std::function<void()>)>;
  // Waiters delivered in one turn. Each costs a write to its socket, about 9 us: a request of another client
  // is held up by less than 0.1 ms, and the turns themselves cost a twentieth.
  static constexpr size_t kSlice = 8;

  // `post` runs a job on the worker's thread at the end of a turn, behind the turn's output; any thread may
  // call it.
  Mailbox(Post post, bool concurrent) : post_(std::move(post)), lock_(concurrent) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // A waiter that was claimed, and whose place() is free.
  void Put(Waiter& claimed);
  void Put(std::unique_ptr<Group> answered);
  // The claimed waiter will not be delivered. The worker's thread.
  void Remove(Waiter& claimed);

 private:
  void DeliverSlice();
  bool DeliverClaimed();
  bool DeliverAnswered();

  const Post post_;
  LeafLock lock_;
  Queue claimed_;
  std::deque<std::unique_ptr<Group>> answered_;
  bool posted_ = false;
};

}  // namespace corral::waiting
