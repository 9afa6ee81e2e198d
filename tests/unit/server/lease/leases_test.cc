// The leases against the model of their rules, and what bounds them.
#include "server/lease/leases.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

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

// Lets the time pass in which leases are forgotten, as the worker's turns do.
void Sweep(LeaseWorld& world, storage::ManualClock& clock, int64_t ms) {
  for (int64_t passed = 0; passed < ms; passed += 10) {
    clock.Advance(10);
    for (int turn = 0; turn < 10; ++turn) world.leases().RunDue();
  }
}

TEST_CASE("leases: what ended is forgotten though nobody asks again") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  auto client = world.Connect(0);
  for (int i = 0; i < 5000; ++i)
    world.Run(*client, {"getlease", std::to_string(i), "lease", "1000", "nowait"});
  world.Run(*client, {"getlease", "long", "lease", "60000", "nowait"});
  CHECK(world.leases().remembered() == 5001);
  Sweep(world, clock, 10'900);
  CHECK(world.leases().remembered() == 5001);  // a late fill is still good
  Sweep(world, clock, 1000);
  CHECK(world.leases().remembered() == 1);
  world.leases().CheckInvariants();
  Sweep(world, clock, 130'000);
  CHECK(world.leases().empty());
  CHECK(world.leases().bytes() == 0);
  CHECK(world.leases().counters().expired == 5001);
  CHECK(world.leases().next_due_ms() == INT64_MAX);  // the daemon may sleep
  world.Close(std::move(client));
}

TEST_CASE("leases: they have a share of the memory, and whoever waits keeps his") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  world.settings.maxmemory_bytes = 8'000'000;
  auto client = world.Connect(0);
  std::vector<std::unique_ptr<client::Client>> waiters;
  for (int i = 0; i < 400; ++i) {
    world.Run(*client, {"getlease", "waited " + std::to_string(i)});
    waiters.push_back(world.Connect(0));
    world.Run(*waiters.back(), {"getlease", "waited " + std::to_string(i), "wait", "1000000"});
  }
  for (int i = 0; i < 20'000; ++i) world.Run(*client, {"getlease", std::to_string(i), "nowait"});
  CHECK(world.leases().bytes() <= 1'000'000 + 16 * 1000);
  CHECK(world.leases().remembered() > 1000);
  CHECK(world.leases().waiting() == 400);
  // The limit becomes lower: the oldest go by and by, and only they.
  world.settings.maxmemory_bytes = 400'000;
  Sweep(world, clock, 2000);
  CHECK(world.leases().waiting() == 400);
  CHECK(world.leases().remembered() < 500);
  // Everybody waits for what is left: no lease more.
  world.settings.maxmemory_bytes = 1000;
  Sweep(world, clock, 1000);
  CHECK(world.leases().remembered() == 400);
  world.TakeReplies(*client);
  int busy = 0;
  for (int i = 0; i < 16; ++i) {
    world.Run(*client, {"getlease", "more " + std::to_string(i)});
    busy += PartsOf(world.TakeReplies(*client))[0] == "BUSY";
  }
  CHECK(busy > 10);  // in all shards in which somebody waits
  world.leases().CheckInvariants();
  world.Close(std::move(client));
  for (auto& waiter : waiters) world.Close(std::move(waiter));
}

TEST_CASE("leases: the sweep leaves the order in which they were granted") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  auto client = world.Connect(0);
  constexpr int kLeases = 2000;
  for (int i = 0; i < kLeases; ++i)
    world.Run(*client, {"getlease", std::to_string(i), "lease", "60000", "nowait"});
  std::map<uint32_t, std::set<int>> granted;  // by shard
  world.leases().ForEach([&](const Lease& lease) { granted[lease.shard].insert(std::stoi(lease.key)); });
  Sweep(world, clock, 250);  // looks at some of each shard
  CHECK(world.leases().remembered() == kLeases);
  world.settings.maxmemory_bytes = 16 * 8 * 8192;
  Sweep(world, clock, 1000);
  CHECK(world.leases().remembered() > kLeases / 8);
  CHECK(world.leases().remembered() < kLeases / 2);
  std::map<uint32_t, std::set<int>> kept;
  world.leases().ForEach([&](const Lease& lease) { kept[lease.shard].insert(std::stoi(lease.key)); });
  for (const auto& [shard, numbers] : kept) {
    const std::set<int>& before = granted[shard];
    CHECK(std::equal(numbers.rbegin(), numbers.rend(), before.rbegin()));  // the latest
  }
  world.leases().CheckInvariants();
  world.Close(std::move(client));
}

// Time goes on with each look at it.
struct RestlessClock final : storage::Clock {
  int64_t unix_ms() const override { return unix_now_ms++; }
  uint64_t monotonic_ns() const override { return monotonic_now_ns; }
  mutable int64_t unix_now_ms = kStartMs;
  uint64_t monotonic_now_ns = 1'000'000'000;
};

TEST_CASE("leases: a key that a command has found stays for as long as the command") {
  for (int64_t ahead_ms = 0; ahead_ms < 12; ++ahead_ms) {
    RestlessClock clock;
    LeaseWorld world(1, clock, 1);
    auto leader = world.Connect(0), waiter = world.Connect(0), reader = world.Connect(0);
    world.Run(*leader, {"set", "k", std::string(300, 'v'), "pxat", std::to_string(kStartMs + 1000)});
    world.Run(*leader, {"softdel", "k"});
    world.Run(*leader, {"getlease", "k", "lease", "10"});
    world.Run(*waiter, {"getlease", "k", "fresh", "wait", "100000"});
    REQUIRE(waiter->blocked());
    // The lease has ended: the reader's command hands it to the waiter, with what is stored at that moment.
    clock.monotonic_now_ns += 20'000'000;
    clock.unix_now_ms = kStartMs + 1000 - ahead_ms;
    world.Run(*reader, {"getlease", "k", "nowait"});
    const auto parts = PartsOf(world.TakeReplies(*reader));
    // At the command's only look at the clock the key was there, with `ahead_ms` left.
    CHECK(parts[0] == "STALE");
    CHECK(parts[1] == std::string(300, 'v'));
    CHECK(world.leases().counters().promoted == 1);
    CHECK(world.keyspace().counters().expired == 0);
    CHECK(!waiter->blocked() == world.worker(0).RunJobs());
    world.Close(std::move(leader));
    world.Close(std::move(waiter));
    world.Close(std::move(reader));
  }
}

TEST_CASE("leases: who caches is told of a lease's end at its time") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  std::vector<std::string> told;
  world.leases().on_invalidated = [&](const storage::Key& key) { told.emplace_back(key.name); };
  auto leader = world.Connect(0), watcher = world.Connect(0);
  world.Run(*leader, {"getlease", "watched", "lease", "50"});
  world.Run(*leader, {"getlease", "other", "lease", "50"});
  world.Run(*watcher, {"getlease", "other", "nowait"});
  CHECK(world.leases().next_due_ms() > world.leases().now_ms() + 50);  // nobody would be told
  watcher->tracking = std::make_unique<client::TrackingMode>();
  watcher->tracking->on = true;
  world.Run(*watcher, {"getlease", "watched", "nowait"});
  CHECK(world.leases().next_due_ms() == world.leases().now_ms() + 50);
  clock.Advance(49);
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

TEST_CASE("leases: ends that come together are spread over turns by the time that they take") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  auto leader = world.Connect(0), watcher = world.Connect(0);
  watcher->tracking = std::make_unique<client::TrackingMode>();
  watcher->tracking->on = true;
  constexpr size_t kLeases = 5000;
  for (size_t i = 0; i < kLeases; ++i) {
    world.Run(*leader, {"getlease", std::to_string(i), "lease", "50"});
    world.Run(*watcher, {"getlease", std::to_string(i), "nowait"});
  }
  size_t told = 0;
  bool slow = true;
  world.leases().on_invalidated = [&](const storage::Key&) {
    ++told;
    if (slow) clock.Advance(1);
  };
  clock.Advance(50);
  world.leases().RunDue();
  CHECK(told > 0);
  CHECK(told <= 32);  // what is done between two looks at the clock
  slow = false;
  size_t turns = 1;
  for (; told < kLeases && turns < 1000; ++turns) {
    const size_t before = told;
    world.leases().RunDue();
    REQUIRE(told > before);
    REQUIRE(told - before <= 32 * 16);
    REQUIRE(world.leases().next_due_ms() <= world.leases().now_ms() + (told == kLeases ? 1000 : 0));
  }
  CHECK(told == kLeases);
  CHECK(world.leases().counters().expired == kLeases);
  world.leases().CheckInvariants();
  world.Close(std::move(leader));
  world.Close(std::move(watcher));
}

TEST_CASE("leases: where a command may not wait it answers at once") {
  storage::ManualClock clock(kStartMs);
  LeaseWorld world(1, clock, 1);
  auto leader = world.Connect(0), caller = world.Connect(0);
  world.Run(*leader, {"getlease", "k"});
  world.may_wait = false;
  world.Run(*caller, {"getlease", "k", "wait", "1000"});
  CHECK_FALSE(caller->blocked());
  CHECK(world.leases().waiting() == 0);
  const auto parts = PartsOf(world.TakeReplies(*caller));
  REQUIRE(parts.size() == 4);
  CHECK(parts[0] == "BUSY");
  world.Close(std::move(leader));
  world.Close(std::move(caller));
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
    CHECK(awake - woken <= waiting::Mailbox::kSlice);
    for (size_t i = awake; i < kWaiters; ++i) REQUIRE(waiters[i]->blocked());
    woken = awake;
  }
  CHECK(woken == kWaiters);
  CHECK(PartsOf(world.TakeReplies(*waiters.back()))[1] == "value");
  CHECK(sizeof(Caller) <= 160);
}

}  // namespace
}  // namespace corral::lease
