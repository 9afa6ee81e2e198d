#include "storage/shard_lock.h"

#include <chrono>
#include <thread>

namespace corral::storage {

namespace {

// What holds a shard is short: a command, or a slice of expiry.
constexpr int kSpins = 200;
// After so many tries the holder is probably not running, and spinning on would waste the core: the thread
// gives its core away, which the holder may be waiting for.
constexpr int kYields = 10;
constexpr std::chrono::microseconds kSleep{50};

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void ShardLock::Wait() {
  for (int tries = 0; !TryLock(); ++tries) {
    if (tries < kSpins) {
      Pause();
    } else if (tries < kSpins + kYields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(kSleep);
    }
  }
}

}  // namespace corral::storage
