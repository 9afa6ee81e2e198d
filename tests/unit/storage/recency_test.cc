#include "storage/recency.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "storage/base/random.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr int64_t kSecond = 1000;

// Stamps that are translated at once.
struct Stamps {
  std::vector<uint8_t> stamps;

  void CompactIfDue(RecencyClock& clock) {
    if (!clock.compaction_due()) return;
    const uint8_t rank_before = clock.rank();
    clock.BeginCompaction();
    for (uint8_t& stamp : stamps) stamp = clock.translation().to[stamp];
    clock.EndTranslation();
    CHECK(clock.rank() < rank_before);
    CHECK_FALSE(clock.compaction_due());
    clock.CheckInvariants();
  }
};

TEST_CASE("idle seconds are exact for recent uses") {
  RecencyClock clock(kStartMs);
  int64_t now = kStartMs + 5 * kSecond;
  const uint8_t stamp = clock.NewStamp(1, now);
  CHECK(clock.IdleSeconds(stamp, now) == 0);
  for (int i = 1; i <= 30; ++i) {
    now += kSecond;
    clock.NewStamp(2, now);  // others are used meanwhile
    CHECK(clock.IdleSeconds(stamp, now) == i);
  }
  CHECK(clock.IdleSeconds(clock.Touch(stamp, now), now) == 0);
  CHECK(clock.Frequency(stamp) == 0);
}

TEST_CASE("epochs end by bytes when told so, and by seconds") {
  RecencyClock clock(kStartMs);
  clock.SetEpochBytes(1000);
  const uint8_t first = clock.NewStamp(1, kStartMs);
  clock.AddWritten(999);
  CHECK(clock.Touch(first, kStartMs) == first);
  CHECK(clock.Touch(first, kStartMs + 999) == first);
  clock.AddWritten(1);
  const uint8_t second = clock.Touch(first, kStartMs);
  CHECK(second == first + 1);
  const uint8_t third = clock.Touch(second, kStartMs + 1000);
  CHECK(third == second + 1);
  clock.SetEpochBytes(0);  // no limit: a 64th of all bytes, at least 64 KB
  clock.AddWritten(60'000);
  CHECK(clock.Touch(third, kStartMs + 1001) == third);
  clock.AddWritten(64'000'000);
  const uint8_t fourth = clock.Touch(third, kStartMs + 1001);
  CHECK(fourth == third + 1);
  clock.AddWritten(900'000);
  CHECK(clock.Touch(fourth, kStartMs + 1001) == fourth);
  clock.AddWritten(200'000);
  CHECK(clock.Touch(fourth, kStartMs + 1001) == fourth + 1);
}

TEST_CASE("a clock that jumps") {
  RecencyClock clock(kStartMs);
  const uint8_t stamp = clock.NewStamp(1, kStartMs);
  CHECK(clock.Touch(stamp, kStartMs - 50) == stamp);  // another worker's clock, a little behind
  const uint8_t back = clock.Touch(stamp, kStartMs - 86'400'000);
  CHECK(back > stamp);
  CHECK(clock.IdleSeconds(stamp, kStartMs - 86'400'000) == 0);
  const uint8_t forward = clock.Touch(back, kStartMs + 86'400'000);
  CHECK(forward > back);
  CHECK(clock.IdleSeconds(stamp, kStartMs + 86'400'000) == 86'400);
}

// Keys used at random moments over a long time: their stamps keep the order of their uses through
// compactions.
void RunModel(uint64_t seed, int64_t step_ms, uint64_t epoch_bytes, double tolerance) {
  CAPTURE(seed);
  Random random(seed);
  RecencyClock clock(kStartMs);
  clock.SetEpochBytes(epoch_bytes);
  constexpr size_t kKeys = 500;
  int64_t now = kStartMs;
  Stamps table{std::vector<uint8_t>(kKeys, clock.NewStamp(0, now))};
  std::vector<int64_t> used_ms(kKeys, now);
  for (int step = 0; step < 20'000; ++step) {
    now += static_cast<int64_t>(random.Below(static_cast<uint64_t>(2 * step_ms)));
    clock.AddWritten(random.Below(200));
    // Mostly the same few keys, so that some ages grow long.
    const double skewed = random.NextDouble();
    const auto key = static_cast<size_t>(skewed * skewed * skewed * kKeys);
    table.stamps[key] = clock.Touch(table.stamps[key], now);
    used_ms[key] = now;
    table.CompactIfDue(clock);
    if (step % 500 != 0) continue;
    for (size_t i = 0; i < kKeys; ++i) {
      const size_t other = random.Below(kKeys);
      if (used_ms[i] < used_ms[other]) REQUIRE(table.stamps[i] <= table.stamps[other]);
      const double idle = static_cast<double>(now - used_ms[i]) / 1000;
      const auto answer = static_cast<double>(clock.IdleSeconds(table.stamps[i], now));
      REQUIRE(answer >= std::floor(idle));
      REQUIRE(answer <= idle + 1 + (idle > 30 ? idle * tolerance : 0));
    }
  }
}

TEST_CASE("model: no order is ever turned round, and ages stay true") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    RunModel(seed, 100, 0, 0.15);    // half an hour
    RunModel(seed, 5'000, 0, 0.15);  // a day
    RunModel(seed, 100, 20'000, 0.3);
  }
}

TEST_CASE("a busy minute of epochs by bytes does not use up the ranks for long ages") {
  RecencyClock clock(kStartMs);
  clock.SetEpochBytes(100);
  Stamps table{{clock.NewStamp(0, kStartMs)}};
  int64_t now = kStartMs;
  for (int i = 0; i < 100'000; ++i) {
    clock.AddWritten(100);
    ++now;
    clock.NewStamp(0, now);
    table.CompactIfDue(clock);
  }
  CHECK(clock.IdleSeconds(table.stamps[0], now) == 100);
}

TEST_CASE("LFU: frequency starts at 1, grows with use, and decays with what is written") {
  RecencyClock clock(kStartMs, RecencyMode::kLfu);
  constexpr uint64_t kLimit = 64'000;
  clock.SetEpochBytes(kLimit / 64);
  uint8_t stamp = clock.NewStamp(1, kStartMs);
  CHECK(clock.OnProbation(stamp));
  CHECK(clock.Frequency(stamp) == 1);
  int before = 1;
  for (int i = 0; i < 100; ++i) {
    stamp = clock.Touch(stamp, kStartMs);
    CHECK(clock.Frequency(stamp) >= before);
    before = clock.Frequency(stamp);
  }
  CHECK_FALSE(clock.OnProbation(stamp));
  CHECK(before >= 8);
  Stamps table{{stamp}};
  for (uint64_t written = 0; written < 20 * kLimit; written += 100) {
    clock.AddWritten(100);
    clock.NewStamp(2, kStartMs);
    table.CompactIfDue(clock);
    CHECK(clock.Frequency(table.stamps[0]) <= before);
    before = clock.Frequency(table.stamps[0]);
  }
  CHECK(before == 0);
}

TEST_CASE("LFU: months without a limit and without writes do not use up the count of bytes") {
  RecencyClock clock(kStartMs, RecencyMode::kLfu);
  int64_t now = kStartMs;
  Stamps table{{clock.NewStamp(1, now)}};
  for (int hour = 0; hour < 2000; ++hour) {
    now += 3'600'000;
    table.stamps[0] = clock.Touch(table.stamps[0], now);
    table.CompactIfDue(clock);
    // One epoch an hour, and not one for each use.
    const uint8_t rank = clock.rank();
    for (int i = 0; i < 20; ++i) table.stamps[0] = clock.Touch(table.stamps[0], now + i);
    REQUIRE(clock.rank() == rank);
    clock.CheckInvariants();
  }
}

TEST_CASE("LFU: a much used key outlives newer ones, but not for ever") {
  RecencyClock clock(kStartMs, RecencyMode::kLfu);
  constexpr uint64_t kLimit = 64'000;
  clock.SetEpochBytes(kLimit / 64);
  Stamps table{{clock.NewStamp(1, kStartMs)}};
  for (int i = 0; i < 100; ++i) table.stamps[0] = clock.Touch(table.stamps[0], kStartMs);
  const auto newer = [&] { return clock.Touch(clock.NewStamp(2, kStartMs), kStartMs); };
  for (uint64_t written = 0; written < 2 * kLimit; written += 500) {
    clock.AddWritten(500);
    newer();
    table.CompactIfDue(clock);
  }
  CHECK(clock.Order(table.stamps[0]) > clock.Order(newer()));
  for (uint64_t written = 0; written < 10 * kLimit; written += 500) {
    clock.AddWritten(500);
    newer();
    table.CompactIfDue(clock);
  }
  CHECK(clock.Order(table.stamps[0]) < clock.Order(newer()));
}

TEST_CASE("LFU: a key that comes back soon after its eviction is not on probation again") {
  RecencyClock clock(kStartMs, RecencyMode::kLfu);
  clock.NoteEvicted(0xabcd1234, 100);
  CHECK(clock.OnProbation(clock.NewStamp(0xabce1234, kStartMs)));
  CHECK_FALSE(clock.OnProbation(clock.NewStamp(0xabcd1234, kStartMs)));
  CHECK(clock.OnProbation(clock.NewStamp(0xabcd1234, kStartMs)));  // once
  clock.CheckInvariants();
  clock.Restart(RecencyMode::kLru, kStartMs);
  CHECK_FALSE(clock.OnProbation(clock.NewStamp(1, kStartMs)));
}

}  // namespace
}  // namespace corral::storage
