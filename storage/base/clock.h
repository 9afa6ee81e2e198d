// Time: the wall clock and the monotonic clock behind an interface that tests replace, and a counter of CPU
// ticks.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace corral::storage {

// SystemClock is thread-safe; other implementations say whether they are.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t unix_ms() const = 0;        // may jump, forward and backward
  virtual uint64_t monotonic_ns() const = 0;  // never goes back
};

class SystemClock final : public Clock {
 public:
  int64_t unix_ms() const override;
  uint64_t monotonic_ns() const override;
};

// A clock for tests and replays: it moves only when it is told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t unix_ms) : unix_ms_(unix_ms) {}
  int64_t unix_ms() const override { return unix_ms_; }
  uint64_t monotonic_ns() const override { return monotonic_ns_; }
  void Advance(int64_t ms) {
    unix_ms_ += ms;
    monotonic_ns_ += static_cast<uint64_t>(ms) * 1'000'000;
  }
  void Jump(int64_t ms) { unix_ms_ += ms; }  // the wall clock only, either way

 private:
  int64_t unix_ms_;
  uint64_t monotonic_ns_ = 0;
};

// Measures single commands: the CPU's time stamp counter where it runs at one rate and never stops (cpuid
// tells; about 10 ns a reading), else CLOCK_MONOTONIC. Construction calibrates for a few milliseconds;
// afterwards immutable and thread-safe.
class TickCounter {
 public:
  TickCounter();

  uint64_t Now() const {
#if defined(__x86_64__)
    if (uses_cpu_counter_) return __rdtsc();
#endif
    return MonotonicNanos();
  }

  // Converts the difference of two readings. Exact to about 20 parts per million; no overflow for 100 years.
  uint64_t ToNanos(uint64_t ticks) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(ticks) * multiplier_) >> kShift);
  }
  bool uses_cpu_counter() const { return uses_cpu_counter_; }

 private:
  static constexpr int kShift = 32;
  static uint64_t MonotonicNanos();
  void Calibrate();

  bool uses_cpu_counter_ = false;
  uint64_t multiplier_ = uint64_t{1} << kShift;  // nanoseconds per tick, times 2^32
};

}  // namespace corral::storage
