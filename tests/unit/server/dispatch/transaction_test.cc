// MULTI to EXEC through the executor: one group of effects, one time, and nothing between on other workers.
#include <doctest/doctest.h>

#include <thread>

#include "storage/base/random.h"
#include "storage/memory_meter.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/dispatch/effect_world.h"

namespace corral::dispatch {
namespace {

constexpr int kAccounts = 6, kStart = 1000;

std::string Account(uint64_t number) { return "account:" + std::to_string(number); }

TEST_CASE("what a transaction writes is one group of effects") {
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"multi"}, {"set", "a", "1"}, {"get", "a"}, {"select", "1"}, {"incr", "b"}, {"exec"}}) {
    lane.Run(words);
  }
  REQUIRE(world.log.groups.size() == 1);
  REQUIRE(world.log.groups[0].size() == 2);
  CHECK(world.log.groups[0][0].arguments == std::vector<std::string>{"set", "a", "1"});
  CHECK(world.log.groups[0][1].database == 1);
  CHECK(world.log.groups[0][1].arguments == std::vector<std::string>{"incr", "b"});
  lane.Run({"multi"});
  lane.Run({"get", "a"});
  CHECK(lane.Run({"exec"}) == "*1\r\n$-1\r\n");  // of database 1
  CHECK(world.log.groups.size() == 1);
}

TEST_CASE("time stands still in a transaction") {
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  lane.Run({"multi"});
  for (int i = 0; i < 20000; ++i) lane.Run({"set", "k", std::string(100, 'v'), "px", "1"});
  lane.Run({"get", "k"});
  const std::string reply = lane.Run({"exec"});
  CHECK(reply.substr(reply.size() - 8) == "vvvvvv\r\n");
}

// Moves one from one account to another, in one of two ways.
void Transfer(EffectWorld::Lane& lane, storage::Random& random) {
  const std::string from = Account(random.Below(kAccounts)), to = Account(random.Below(kAccounts));
  if (random.Below(2) == 0) {
    lane.Run({"multi"});
    lane.Run({"decr", from});
    lane.Run({"incr", to});
    if (random.Below(8) == 0) lane.Run({"dbsize"});  // needs the world
    lane.Run({"exec"});
    return;
  }
  if (from == to) return;
  lane.Run({"watch", from, to});
  const auto read = [&](const std::string& key) {
    const std::string reply = lane.Run({"get", key});
    return std::stoll(reply.substr(reply.find("\r\n") + 2));
  };
  const int64_t left = read(from) - 1, right = read(to) + 1;
  lane.Run({"multi"});
  lane.Run({"set", from, std::to_string(left)});
  lane.Run({"set", to, std::to_string(right)});
  lane.Run({"exec"});
}

TEST_CASE("no money is made or lost between accounts" * doctest::test_suite("threaded")) {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  for (size_t workers : {2, 4}) {
    EffectWorld world(workers);
    std::vector<std::unique_ptr<EffectWorld::Lane>> lanes;
    for (size_t i = 0; i < workers; ++i) lanes.push_back(std::make_unique<EffectWorld::Lane>(world, i));
    lanes[0]->Bind();
    for (int i = 0; i < kAccounts; ++i)
      lanes[0]->Run({"set", Account(static_cast<uint64_t>(i)), std::to_string(kStart)});
    std::vector<std::thread> threads;
    for (size_t i = 0; i < workers; ++i) {
      threads.emplace_back([&, i] {
        lanes[i]->Bind();
        storage::Random random(seed + i);
        for (int step = 0; step < 2000; ++step) Transfer(*lanes[i], random);
        storage::MemoryMeter::Publish();  // or what it allocated would be missing when others free it
      });
    }
    for (std::thread& thread : threads) thread.join();
    lanes[0]->Bind();
    int64_t sum = 0;
    for (int i = 0; i < kAccounts; ++i) {
      const std::string reply = lanes[0]->Run({"get", Account(static_cast<uint64_t>(i))});
      sum += std::stoll(reply.substr(reply.find("\r\n") + 2));
    }
    CHECK(sum == int64_t{kAccounts} * kStart);
    // Run again from their effects: the same.
    EffectWorld again(1);
    EffectWorld::Lane reader(again, 0);
    reader.Bind();
    again.Replay(world.log.groups);
    CHECK(again.Contents(EffectWorld::kReplayMs, 0) == world.Contents(lanes[0]->now_ms(), 0));
  }
}

}  // namespace
}  // namespace corral::dispatch
