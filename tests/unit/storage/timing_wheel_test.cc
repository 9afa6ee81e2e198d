#include "storage/timing_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <vector>

#include "storage/base/random.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'123;
constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kAll = std::numeric_limits<size_t>::max();

template <class Visit>
bool Advance(TimingWheel& wheel, int64_t now_ms, size_t steps, Visit&& visit) {
  return wheel.Advance(now_ms, &steps, visit);
}

std::vector<uint32_t> Fired(TimingWheel& wheel, int64_t now_ms) {
  std::vector<uint32_t> fired;
  Advance(wheel, now_ms, kAll, [&](uint32_t hash) { fired.push_back(hash); });
  return fired;
}

// Sleeps from due time to due time; returns the number of wake-ups until nothing is left or `end_ms` is
// reached.
int WakeUps(TimingWheel& wheel, int64_t end_ms, const std::function<void(uint32_t, int64_t)>& fired) {
  int count = 0;
  for (int64_t due = wheel.NextDueMs(); due <= end_ms; due = wheel.NextDueMs()) {
    ++count;
    Advance(wheel, due, kAll, [&](uint32_t hash) { fired(hash, due); });
  }
  return count;
}

TEST_CASE("a reference fires at the end of its tick and not before") {
  TimingWheel wheel(kStartMs);
  CHECK(wheel.NextDueMs() == std::numeric_limits<int64_t>::max());
  for (int64_t ahead :
       {int64_t{1}, int64_t{16}, int64_t{17}, int64_t{1000}, int64_t{65'536}, kDayMs, 390 * kDayMs}) {
    const int64_t deadline = kStartMs + ahead;
    TimingWheel one(kStartMs);
    one.Add(7, deadline);
    CHECK(Fired(one, deadline - 1).empty());
    one.CheckInvariants();
    CHECK(Fired(one, deadline + TimingWheel::kTickMs) == std::vector<uint32_t>{7});
    CHECK(one.references() == 0);
    CHECK(one.allocated_bytes() == 0);
  }
}

TEST_CASE("a deadline in the past fires at the next tick, one too far away fires early") {
  TimingWheel wheel(kStartMs);
  wheel.Add(1, kStartMs - kDayMs);
  wheel.Add(2, 0);
  wheel.Add(3, std::numeric_limits<int64_t>::max());
  CHECK(Fired(wheel, kStartMs + TimingWheel::kTickMs).size() == 2);
  CHECK(Fired(wheel, kStartMs + 397 * kDayMs).empty());
  CHECK(Fired(wheel, kStartMs + 398 * kDayMs) == std::vector<uint32_t>{3});
}

TEST_CASE("visit may add, and what it adds fires in its own time") {
  TimingWheel wheel(kStartMs);
  wheel.Add(1, kStartMs + 100);
  int calls = 0;
  Advance(wheel, kStartMs + 200, kAll, [&](uint32_t hash) {
    ++calls;
    wheel.Add(hash, kStartMs + 50);  // overdue: next tick, not an endless loop
    wheel.Add(hash + 1, kStartMs + 5000);
  });
  CHECK(calls == 1);
  CHECK(wheel.references() == 2);
  CHECK(Fired(wheel, kStartMs + 232) == std::vector<uint32_t>{1});
  CHECK(Fired(wheel, kStartMs + 5032) == std::vector<uint32_t>{2});
}

TEST_CASE("work per call is bounded, cascades included, and resumes") {
  TimingWheel wheel(kStartMs);
  constexpr uint32_t kKeys = 100'000;
  for (uint32_t i = 0; i < kKeys; ++i) wheel.Add(i, kStartMs + 3 * kDayMs);
  CHECK(wheel.allocated_bytes() < kKeys * 9);
  size_t fired = 0;
  int64_t now = kStartMs + 3 * kDayMs - 1;  // cascades only
  int calls = 0;
  while (Advance(wheel, now, 1000, [&](uint32_t) { ++fired; })) {
    if (++calls % 50 == 0) wheel.CheckInvariants();
    CHECK(wheel.NextDueMs() <= now);
  }
  CHECK(fired == 0);
  CHECK(calls >= 100);
  now += 1 + TimingWheel::kTickMs;
  calls = 0;
  size_t before = 0;
  while (Advance(wheel, now, 1000, [&](uint32_t) { ++fired; })) {
    CHECK(fired - before <= 1000);
    before = fired;
    ++calls;
  }
  CHECK(fired == kKeys);
  CHECK(calls == 99);
  CHECK(wheel.allocated_bytes() == 0);
}

TEST_CASE("a wheel with few references is small") {
  TimingWheel wheel(kStartMs);
  CHECK(wheel.allocated_bytes() == 0);
  wheel.Add(1, kStartMs + 10'000'000);
  CHECK(sizeof(TimingWheel) + wheel.allocated_bytes() < 1024);
  for (uint32_t i = 0; i < 100; ++i) wheel.Add(i, kStartMs + i * 1000);
  wheel.CheckInvariants();
  CHECK(wheel.allocated_bytes() < 8192);
  CHECK(Fired(wheel, kStartMs + kDayMs).size() == 101);
  CHECK(wheel.allocated_bytes() == 0);
}

TEST_CASE("far deadlines cause few wake-ups, at the same moments in every wheel, and none is late") {
  TimingWheel first(kStartMs);
  TimingWheel second(kStartMs + 77'777);
  Random random(3);
  constexpr int kKeys = 100'000;
  std::vector<int64_t> deadlines;
  for (uint32_t i = 0; i < kKeys; ++i) {
    const int64_t deadline = kStartMs + 2 * 3'600'000 + static_cast<int64_t>(random.Below(3'600'000));
    deadlines.push_back(deadline);
    (i % 2 ? first : second).Add(i, deadline);
  }
  const int64_t quiet_end = kStartMs + 2 * 3'600'000 - 1;
  const auto unexpected = [](uint32_t, int64_t) { FAIL("fired early"); };
  CHECK(WakeUps(first, quiet_end, unexpected) <= 70);
  CHECK(WakeUps(second, quiet_end, unexpected) <= 70);
  int late = 0;
  int fired = 0;
  const auto check = [&](uint32_t hash, int64_t now) {
    ++fired;
    late += now < deadlines[hash] || now - deadlines[hash] >= TimingWheel::kTickMs;
  };
  WakeUps(first, std::numeric_limits<int64_t>::max() - 1, check);
  WakeUps(second, std::numeric_limits<int64_t>::max() - 1, check);
  CHECK(fired == kKeys);
  CHECK(late == 0);
}

TEST_CASE("what is done for a reference may take of the steps, and may end the call") {
  TimingWheel wheel(kStartMs);
  for (uint32_t i = 0; i < 10; ++i) wheel.Add(i, kStartMs + 1);
  const int64_t now = kStartMs + 1 + TimingWheel::kTickMs;
  size_t steps = 12;
  int fired = 0;
  CHECK(wheel.Advance(now, &steps, [&](uint32_t) {
    ++fired;
    steps -= std::min<size_t>(steps, 4);
  }));
  CHECK(fired == 3);
  CHECK(steps == 0);
  CHECK(wheel.NextDueMs() <= now);
  steps = 100;
  CHECK(!wheel.Advance(now, &steps, [&](uint32_t) { ++fired; }));
  CHECK(fired == 10);
  CHECK(steps == 93);
}

TEST_CASE("the references can be seen, with the times at which they fire") {
  TimingWheel wheel(kStartMs);
  std::map<uint32_t, int64_t> deadlines;
  for (uint32_t i = 0; i < 1000; ++i) deadlines[i] = kStartMs + int64_t{i} * i * i;
  for (const auto& [hash, deadline] : deadlines) wheel.Add(hash, deadline);
  const auto see_all = [&] {
    std::map<uint32_t, int64_t> seen;
    wheel.ForEach([&](uint32_t hash, int64_t fires_ms) { seen[hash] = fires_ms; });
    return seen;
  };
  CHECK(see_all().size() == 1000);
  for (const auto& [hash, fires_ms] : see_all()) {
    CHECK((fires_ms >= deadlines[hash] && fires_ms <= deadlines[hash] + 2 * TimingWheel::kTickMs));
  }
  // A clock that went back: what waits to be filed anew is seen as well.
  size_t steps = 10;
  wheel.Advance(kStartMs - 3'600'000, &steps, [](uint32_t) { FAIL("fired early"); });
  CHECK(see_all().size() == 1000);
  CHECK(wheel.IsOverdue(kStartMs - 3'600'000));
  CHECK(!wheel.IsOverdue(kStartMs));
}

TEST_CASE("clock jumps") {
  TimingWheel wheel(kStartMs);
  for (uint32_t i = 0; i < 1000; ++i) wheel.Add(i, kStartMs + 10'000 + i * 1'000'000);
  SUBCASE("forward by ten years: everything fires") {
    CHECK(Fired(wheel, kStartMs + 3650 * kDayMs).size() == 1000);
    wheel.Add(5, kStartMs + 3650 * kDayMs + 100);
    CHECK(Fired(wheel, kStartMs + 3650 * kDayMs + 116).size() == 1);
  }
  SUBCASE("backward by years: nothing fires early, new deadlines work, old ones too") {
    const int64_t back = kStartMs - 1000 * kDayMs;
    int calls = 0;
    while (Advance(wheel, back, 100, [](uint32_t) { FAIL("fired early"); })) {
      wheel.CheckInvariants();
      CHECK(wheel.NextDueMs() <= back);
      ++calls;
    }
    CHECK(calls >= 9);
    CHECK(wheel.references() == 1000);
    wheel.Add(7777, back + 500);
    CHECK(Fired(wheel, back + 516) == std::vector<uint32_t>{7777});
    CHECK(Fired(wheel, kStartMs + 1'000'000'016).size() >= 999);  // too far: fired early, as documented
  }
  SUBCASE("backward by an hour, twice, in the middle of filing anew") {
    Advance(wheel, kStartMs - 3'600'000, 300, [](uint32_t) { FAIL("fired early"); });
    Advance(wheel, kStartMs - 7'200'000, 300, [](uint32_t) { FAIL("fired early"); });
    wheel.CheckInvariants();
    int fired = 0;
    WakeUps(wheel, std::numeric_limits<int64_t>::max() - 1, [&](uint32_t hash, int64_t now) {
      ++fired;
      const int64_t late = now - (kStartMs + 10'000 + hash * 1'000'000);
      CHECK((late >= 0 && late < TimingWheel::kTickMs));
    });
    CHECK(fired == 1000);
  }
}

// Deadlines of all magnitudes, partial calls, jumps both ways, against an ordered map.
void RunModel(uint64_t seed) {
  CAPTURE(seed);
  Random random(seed);
  int64_t now = kStartMs;
  TimingWheel wheel(now);
  std::multimap<int64_t, uint32_t> model;  // deadline -> hash; exactly one entry per hash
  std::map<uint32_t, int64_t> deadlines;
  uint32_t next_hash = 0;
  const auto add = [&] {
    const int64_t ahead = static_cast<int64_t>(random.Next() >> (30 + random.Below(34))) % (380 * kDayMs);
    const int64_t deadline = now + ahead - 20;
    wheel.Add(next_hash, deadline);
    model.emplace(deadline, next_hash);
    deadlines[next_hash++] = deadline;
  };
  const auto fire = [&](uint32_t hash) {
    const auto found = deadlines.find(hash);
    REQUIRE(found != deadlines.end());
    REQUIRE(found->second <= now);
    auto [at, end] = model.equal_range(found->second);
    while (at->second != hash) ++at;
    model.erase(at);
    deadlines.erase(found);
  };
  for (int step = 0; step < 3000; ++step) {
    for (uint64_t i = random.Below(20); i > 0; --i) add();
    const uint64_t kind = random.Below(200);
    if (kind == 0) {
      now -= static_cast<int64_t>(random.Next() >> (30 + random.Below(34))) % (5 * kDayMs);
    } else {
      now += static_cast<int64_t>(random.Next() >> (kind < 4 ? 34 : 50 + random.Below(14)));
    }
    const bool left = Advance(wheel, now, kind < 50 ? random.Below(30) : kAll, fire);
    if (step % 16 == 0) wheel.CheckInvariants();
    REQUIRE(wheel.references() == model.size());
    if (left) {
      REQUIRE(wheel.NextDueMs() <= now + 1040);
    } else if (!model.empty()) {
      // Nothing overdue by more than a tick (or what a tolerated step back of the clock adds), and no sleep
      // too long.
      REQUIRE(model.begin()->first > now - 2 * TimingWheel::kTickMs - 1040);
      REQUIRE(wheel.NextDueMs() < std::max(model.begin()->first, now) + 2 * TimingWheel::kTickMs + 1040);
    }
  }
}

TEST_CASE("model: the wheel against an ordered map") {
  for (uint64_t seed = 1; seed <= 8; ++seed) RunModel(seed);
}

}  // namespace
}  // namespace corral::storage
