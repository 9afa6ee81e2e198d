// The lock of a shard: short critical sections, so it spins a little before it sleeps.
#pragma once

#include <atomic>
#include <cstdint>

namespace corral::storage {

// Not recursive, not fair. Uncontended: one atomic exchange each way.
class ShardLock {
 public:
  void Lock() {
    uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                        std::memory_order_relaxed)) [[unlikely]] {
      LockContended();
    }
  }
  bool TryLock() {
    uint32_t expected = kFree;
    return state_.load(std::memory_order_relaxed) == kFree &&
           state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void Unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kHeldWithSleepers) [[unlikely]]
      Wake();
  }

 private:
  static constexpr uint32_t kFree = 0, kHeld = 1, kHeldWithSleepers = 2;

  void LockContended();
  void Wake();

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace corral::storage
