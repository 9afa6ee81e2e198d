// A lock and a counter for what several threads share, which cost nothing while there is one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <shared_mutex>

namespace corral::storage {

// Readers share it, a writer has it alone. For std::shared_lock and std::lock_guard, hence the names.
class SharedMutex {
 public:
  // Not `concurrent`: one thread uses it, and no lock is ever taken.
  explicit SharedMutex(bool concurrent) : concurrent_(concurrent) {}

  void lock() {
    if (concurrent_) mutex_.lock();
  }
  void unlock() {
    if (concurrent_) mutex_.unlock();
  }
  void lock_shared() {
    if (concurrent_) mutex_.lock_shared();
  }
  void unlock_shared() {
    if (concurrent_) mutex_.unlock_shared();
  }

 private:
  const bool concurrent_;
  std::shared_mutex mutex_;
};

// Any thread may read it. With one thread that writes, an addition is no atomic instruction.
class SharedCounter {
 public:
  void Add(int64_t change, bool concurrent) {
    const auto unsigned_change = static_cast<uint64_t>(change);
    if (concurrent) {
      value_.fetch_add(unsigned_change, std::memory_order_relaxed);
    } else {
      value_.store(value() + unsigned_change, std::memory_order_relaxed);
    }
  }
  void Clear() { value_.store(0, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace corral::storage
