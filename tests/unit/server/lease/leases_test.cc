// The leases against the model of their rules, and what bounds them.
#include "server/lease/leases.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "server/lease/caller.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/lease/lease_history.h"
#include "tests/unit/server/lease/lease_world.h"

namespace corral::lease {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

TEST_CASE("leases: random histories follow the rules") {
  const uint64_t first_seed = TestSeed();
  constexpr int kHistories = 20, kSteps = 50'000;
  uint64_t granted = 0, promoted = 0, refused = 0;
  for (uint64_t seed = first_seed; seed < first_seed + kHistories; ++seed) {
    History history(seed);
    for (int step = 0; step < kSteps; ++step) {
      if (history.Step()) continue;
      FAIL("seed ", seed, ": ", history.failure);
    }
    granted += history.granted();
    promoted += history.promoted();
    refused += history.refused();
  }
  // The histories are about something.
  CHECK(granted > 50'000);
  CHECK(promoted > 10'000);
  CHECK(refused > 10'000);
}

TEST_CASE("leases: tokens are text and back") {
  Token token{0x89abcdef, 0x0123456789abcdef}, read;
  char text[Token::kTextBytes];
  token.Format(text);
  const std::string_view view(text, sizeof text);
  CHECK(view == "89abcdef0123456789abcdef");
  CHECK(Token::Parse(view, &read));
  CHECK(read == token);
  for (std::string_view bad :
       {"", "89abcdef0123456789abcde", "89abcdef0123456789abcdef0", "89ABCDEF0123456789abcdef",
        "89abcdef0123456789abcdeg", "89abcdef0000000000000000"}) {
    CHECK_FALSE(Token::Parse(bad, &read));
  }
}

TEST_CASE("leases: what callers leave behind is bounded") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  world.settings.lease_max_count = 320;
  auto client = world.Connect(0), waiter = world.Connect(0);
  world.Run(*client, {"getlease", "waited-for"});
  world.Run(*waiter, {"getlease", "waited-for", "wait", "1000000"});
  for (int i = 0; i < 10'000; ++i) world.Run(*client, {"getlease", std::to_string(i)});
  CHECK(world.leases().remembered() <= 320);
  CHECK(world.leases().waiting() == 1);
  // Long after its end a lease is forgotten, without any limit.
  world.settings.lease_max_count = 1'000'000;
  clock.Advance(2 * world.settings.lease_max_ms);
  for (int i = 0; i < 1000; ++i) world.Run(*client, {"getlease", "new " + std::to_string(i)});
  CHECK(world.leases().remembered() < 1000 + 320);
  world.leases().CheckInvariants();
  world.Close(std::move(client));
  world.Close(std::move(waiter));
  CHECK(world.leases().waiting() == 0);
}

TEST_CASE("leases: who caches is told of a lease's end at its time") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  std::vector<std::string> told;
  world.leases().on_invalidated = [&](int, std::string_view key) { told.emplace_back(key); };
  auto leader = world.Connect(0), watcher = world.Connect(0);
  world.Run(*leader, {"getlease", "watched", "lease", "100"});
  world.Run(*leader, {"getlease", "other", "lease", "100"});
  world.Run(*watcher, {"getlease", "other", "nowait"});
  CHECK(world.leases().next_due_ms() == INT64_MAX);  // nobody would be told
  watcher->tracking = std::make_unique<client::TrackingMode>();
  watcher->tracking->on = true;
  world.Run(*watcher, {"getlease", "watched", "nowait"});
  CHECK(world.leases().next_due_ms() == world.leases().now_ms() + 100);
  clock.Advance(99);
  world.leases().RunDue();
  CHECK(told.empty());
  clock.Advance(1);
  world.leases().RunDue();
  CHECK(told == std::vector<std::string>{"watched"});
  CHECK(world.leases().counters().expired == 1);
  world.leases().CheckInvariants();
  // Its end is told and counted once, and the late token is good.
  world.Run(*leader, {"getlease", "watched", "nowait"});
  CHECK(told.size() == 1);
  CHECK(world.leases().counters().expired == 1);
  // A lease that is forgotten has ended as well.
  world.Run(*watcher, {"getlease", "watched", "nowait"});
  world.settings.lease_max_count = 16;
  for (int i = 0; i < 100; ++i) world.Run(*leader, {"getlease", std::to_string(i)});
  CHECK(std::count(told.begin(), told.end(), "watched") == 2);
  world.leases().CheckInvariants();
  world.Close(std::move(leader));
  world.Close(std::move(watcher));
}

TEST_CASE("leases: many waiters wake in order and in slices") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  auto leader = world.Connect(0);
  world.Run(*leader, {"getlease", "k"});
  const std::string token = PartsOf(world.TakeReplies(*leader))[2];
  constexpr size_t kWaiters = 1000;
  std::vector<std::unique_ptr<client::Client>> waiters;
  for (size_t i = 0; i < kWaiters; ++i) {
    waiters.push_back(world.Connect(0));
    world.Run(*waiters.back(), {"getlease", "k", "wait", "1000000"});
  }
  world.Run(*leader, {"setlease", "k", token, "value"});
  size_t woken = 0;
  while (world.worker(0).RunJobs()) {
    size_t awake = woken;
    while (awake < kWaiters && !waiters[awake]->blocked()) ++awake;
    CHECK(awake - woken <= Mailbox::kSlice);
    for (size_t i = awake; i < kWaiters; ++i) REQUIRE(waiters[i]->blocked());
    woken = awake;
  }
  CHECK(woken == kWaiters);
  CHECK(PartsOf(world.TakeReplies(*waiters.back()))[1] == "value");
  CHECK(sizeof(Caller) <= 160);
}

}  // namespace
}  // namespace corral::lease
