// Times the timing wheel: nanoseconds per reference for filing, cascading and firing, bytes per reference.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/timing_wheel.h"
#include "tools/microbench/arguments.h"

namespace corral::storage {

namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr uint32_t kReferences = 1'000'000;
constexpr size_t kAll = std::numeric_limits<size_t>::max();

void Measure(const char* name, int64_t spread_ms) {
  const SystemClock clock;
  Random random(1);
  TimingWheel wheel(kStartMs);
  const uint64_t begin_ns = clock.monotonic_ns();
  for (uint32_t i = 0; i < kReferences; ++i) {
    wheel.Add(i, kStartMs + 1000 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(spread_ms))));
  }
  const uint64_t filed_ns = clock.monotonic_ns();
  const double bytes = static_cast<double>(wheel.allocated_bytes()) / kReferences;
  uint64_t wakeups = 0;
  uint64_t longest_ns = 0;
  uint64_t fired = 0;
  for (int64_t due_ms = wheel.NextDueMs(); due_ms != std::numeric_limits<int64_t>::max();
       due_ms = wheel.NextDueMs()) {
    const uint64_t start_ns = clock.monotonic_ns();
    size_t steps = kAll;
    wheel.Advance(due_ms, &steps, [&](uint32_t) { ++fired; });
    longest_ns = std::max(longest_ns, clock.monotonic_ns() - start_ns);
    ++wakeups;
  }
  const uint64_t fired_ns = clock.monotonic_ns();
  std::printf(
      "%-10s add %5.1f ns, cascade and fire %5.1f ns, %.2f bytes; %llu wake-ups, longest %.2f ms, fired %llu\n",
      name, static_cast<double>(filed_ns - begin_ns) / kReferences,
      static_cast<double>(fired_ns - filed_ns) / kReferences, bytes, static_cast<unsigned long long>(wakeups),
      static_cast<double>(longest_ns) / 1e6, static_cast<unsigned long long>(fired));
}

}  // namespace

}  // namespace corral::storage

int main(int argc, char**) {
  if (argc > 1) corral::microbench::EndWithUsage("microbench-timing_wheel");
  std::printf("timing wheel, %u references\n", corral::storage::kReferences);
  corral::storage::Measure("second", 1000);
  corral::storage::Measure("minute", 60'000);
  corral::storage::Measure("hour", 3'600'000);
  corral::storage::Measure("day", 86'400'000);
}
