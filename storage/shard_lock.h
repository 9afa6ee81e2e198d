// The lock of a shard. Its critical sections are short, so a thread that finds it taken spins.
#pragma once

#include <atomic>

namespace corral::storage {

// Not recursive, not fair. Without contention it costs an atomic exchange to lock and a plain store to
// unlock. A lock that wakes sleeping threads would need a second atomic instruction to unlock.
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
