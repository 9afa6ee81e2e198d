// The time of a worker's present command.
#pragma once

#include <cstdint>

#include "storage/base/clock.h"

namespace corral::dispatch {

// Read from the CPU's counter after each command, turned into wall-clock milliseconds only when one has
// passed. One thread.
class CommandClock {
 public:
  explicit CommandClock(const storage::TickCounter& ticks) : ticks_(ticks) {}

  void Refresh();  // at the start of a batch, and after a stop at the gate
  int64_t unix_ms() const { return unix_ms_; }
  // Ends one command and begins the next: the nanoseconds since the last call or Refresh.
  uint64_t Lap() {
    uint64_t now = ticks_.Now();
    uint64_t nanos = ticks_.ToNanos(now - last_ticks_);
    last_ticks_ = now;
    until_refresh_ns_ -= static_cast<int64_t>(nanos);
    if (until_refresh_ns_ <= 0) [[unlikely]]
      ReadClocks();
    return nanos;
  }

 private:
  void ReadClocks();

  const storage::TickCounter& ticks_;
  uint64_t last_ticks_ = 0;
  int64_t until_refresh_ns_ = 0;
  int64_t unix_ms_ = 0;
};

}  // namespace corral::dispatch
