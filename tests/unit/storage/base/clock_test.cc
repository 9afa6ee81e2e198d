#include "storage/base/clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

namespace corral::storage {
namespace {

TEST_CASE("the system clock agrees with the standard library's") {
  const SystemClock clock;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const int64_t reading = clock.unix_ms();
  CHECK(reading >= now_ms);
  CHECK(reading < now_ms + 60'000);
  const uint64_t first = clock.monotonic_ns();
  CHECK(clock.monotonic_ns() >= first);
}

TEST_CASE("a manual clock moves as told") {
  ManualClock clock(5000);
  clock.Advance(10);
  CHECK(clock.unix_ms() == 5010);
  CHECK(clock.monotonic_ns() == 10'000'000);
  clock.Jump(-1000);
  CHECK(clock.unix_ms() == 4010);
  CHECK(clock.monotonic_ns() == 10'000'000);
}

TEST_CASE("ticks measure the same time as the monotonic clock") {
  const TickCounter counter;
  const SystemClock clock;
  // The counter is read inside the clock's interval, then outside: its reading lies between the clock's two.
  const uint64_t outer_start = counter.Now();
  const uint64_t inner_start_ns = clock.monotonic_ns();
  const uint64_t inner_start = counter.Now();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const uint64_t inner_end = counter.Now();
  const uint64_t inner_ns = clock.monotonic_ns() - inner_start_ns;
  const uint64_t outer_end = counter.Now();
  CHECK(static_cast<double>(counter.ToNanos(inner_end - inner_start)) <=
        static_cast<double>(inner_ns) * 1.001);
  CHECK(static_cast<double>(counter.ToNanos(outer_end - outer_start)) >=
        static_cast<double>(inner_ns) * 0.999);
}

TEST_CASE("long differences do not overflow") {
  const TickCounter counter;
  const uint64_t day = uint64_t{1} << 48;
  CHECK(counter.ToNanos(1000 * day) / 1000 - counter.ToNanos(day) <= 1);
}

}  // namespace
}  // namespace corral::storage
