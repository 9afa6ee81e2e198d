// The lock of a shard: short critical sections, so whoever finds it taken looks again instead of being woken.
#pragma once

#include <atomic>

namespace corral::storage {

// Not recursive, not fair. Uncontended: an atomic exchange to lock, a plain store to unlock. A lock that
// wakes sleepers needs a second atomic instruction there, to learn of them; those who wait here pay instead.
class ShardLock {
 public:
  void Lock() {
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      Wait();
  }
  bool TryLock() {
    return !held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire);
  }
  void Unlock() { held_.store(false, std::memory_order_release); }

 private:
  void Wait();  // until it is taken

  std::atomic<bool> held_{false};
};

}  // namespace corral::storage
