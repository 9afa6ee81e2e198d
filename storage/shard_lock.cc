#include "storage/shard_lock.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace corral::storage {

namespace {

// About the time that a batch of commands holds a shard; on one core spinning would only delay the holder.
constexpr int kSpins = 200;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void ShardLock::LockContended() {
  for (int i = 0; i < kSpins; ++i) {
    if (TryLock()) return;
    Pause();
  }
  while (state_.exchange(kHeldWithSleepers, std::memory_order_acquire) != kFree) {
#if defined(__linux__)
    static_assert(sizeof state_ == sizeof(uint32_t));
    syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kHeldWithSleepers, nullptr, nullptr, 0);
#else
    state_.wait(kHeldWithSleepers, std::memory_order_relaxed);
#endif
  }
}

void ShardLock::Wake() {
#if defined(__linux__)
  syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
#else
  state_.notify_one();
#endif
}

}  // namespace corral::storage
