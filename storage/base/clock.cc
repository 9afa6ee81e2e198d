#include "storage/base/clock.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace corral::storage {

namespace {

constexpr uint64_t kCalibrationNanos = 5'000'000;

uint64_t ReadNanos(clockid_t id) {
  timespec time;
  clock_gettime(id, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

#if defined(__x86_64__)
// cpuid 0x80000007 EDX bit 8: the counter runs at a constant rate in all states of the processor, sleep
// included.
bool CounterIsInvariant() {
  unsigned a;
  unsigned b;
  unsigned c;
  unsigned d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d >> 8 & 1) != 0;
}

// Reads both clocks several times and keeps the pair with the least time between the two readings.
void ReadBoth(uint64_t* ticks, uint64_t* nanos) {
  uint64_t shortest = UINT64_MAX;
  for (int i = 0; i < 16; ++i) {
    const uint64_t before = __rdtsc();
    const uint64_t now = ReadNanos(CLOCK_MONOTONIC);
    const uint64_t after = __rdtsc();
    if (after - before >= shortest) continue;
    shortest = after - before;
    *ticks = before + (after - before) / 2;
    *nanos = now;
  }
}
#endif

}  // namespace

int64_t SystemClock::unix_ms() const { return static_cast<int64_t>(ReadNanos(CLOCK_REALTIME) / 1'000'000); }

uint64_t SystemClock::monotonic_ns() const { return ReadNanos(CLOCK_MONOTONIC); }

uint64_t TickCounter::MonotonicNanos() { return ReadNanos(CLOCK_MONOTONIC); }

TickCounter::TickCounter() {
#if defined(__x86_64__)
  if (CounterIsInvariant()) Calibrate();
#endif
}

void TickCounter::Calibrate() {
#if defined(__x86_64__)
  uint64_t first_ticks = 0;
  uint64_t first_nanos = 0;
  ReadBoth(&first_ticks, &first_nanos);
  const timespec pause{0, static_cast<long>(kCalibrationNanos)};
  nanosleep(&pause, nullptr);
  uint64_t last_ticks = 0;
  uint64_t last_nanos = 0;
  ReadBoth(&last_ticks, &last_nanos);
  if (last_ticks <= first_ticks || last_nanos <= first_nanos)
    return;  // the hypervisor reports a wrong rate: use the system's clock
  const unsigned __int128 nanos = last_nanos - first_nanos;
  multiplier_ = static_cast<uint64_t>((nanos << kShift) / (last_ticks - first_ticks));
  uses_cpu_counter_ = true;
#endif
}

}  // namespace corral::storage
