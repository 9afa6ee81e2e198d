// Random writes, and their log run again: the datasets must be the same.
#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <random>
#include <thread>

#include "server/commands/server/dataset_digest.h"
#include "storage/memory_meter.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/dispatch/effect_world.h"

namespace corral::dispatch {
namespace {

constexpr int kKeys = 12;

std::string KeyName(int i) { return "key" + std::to_string(i); }

class RandomWrites {
 public:
  explicit RandomWrites(uint32_t seed) : random_(seed) {}

  std::vector<std::string> Next() {
    const std::string key = Key(), other = Key(), number = std::to_string(Below(100));
    const std::string ms = std::to_string(1 + Below(6)),
                      database = std::to_string(Below(EffectWorld::kDatabases));
    switch (Below(62)) {
      case 0:
        return {"set", key, number, "PX", ms};
      case 1:
        return {"set", key, number, "EX", "100", "GET", "NX"};
      case 2:
        return {"set", key, number, "PX", ms, "SWR", "100"};
      case 3:
        return {"set", key, number, "KEEPTTL", "GET", "XX"};
      case 4:
        return {"setnx", key, number};
      case 5:
        return {"getset", key, number};
      case 6:
        return {"getdel", key};
      case 7:
        return {"getex", key, "PX", ms};
      case 8:
        return {"getex", key, "PERSIST"};
      case 9:
        return {"mset", key, number, other, number};
      case 10:
        return {"msetnx", key, number, other, number};
      case 11:
        return {"append", key, number};
      case 12:
        return {"setrange", key, std::to_string(Below(5)), number};
      case 13:
        return {"incrby", key, number};
      case 14:
        return {"incrbyfloat", key, "0.25"};
      case 15:
        return {"expire", key, "100", "GT"};
      case 16:
        return {"pexpire", key, ms};
      case 17:
        return {"pexpire", key, ms, "NX"};
      case 18:
        return {"pexpireat", key, "1"};
      case 19:
        return {"persist", key};
      case 20:
        return {"del", key, other};
      case 21:
        return {"rename", key, other};
      case 22:
        return {"renamenx", key, other};
      case 23:
        return {"copy", key, other, "DB", database};
      case 24:
        return {"copy", key, other, "REPLACE"};
      case 25:
        return {"move", key, database};
      case 26:
        return {"softdel", key, other};
      case 27:
        return {"setbit", key, "7", "1"};
      case 28:
        return {"select", database};
      case 29:
        return Rarely({"swapdb", database, "0"});
      case 30:
        return Rarely({Below(2) == 0 ? "flushdb" : "flushall"});
      case 31:
        return {"lpush", key, number, number};
      case 32:
        return {"rpop", key};
      case 33:
        return {"lmove", key, other, "LEFT", "RIGHT"};
      case 34:
        return {"lmpop", "2", key, other, "RIGHT", "COUNT", "2"};
      case 35:
        return {"sadd", key, number, number + "x"};
      case 36:
        return {"spop", key};
      case 37:
        return {"spop", key, "2"};
      case 38:
        return {"hset", key, number, number};
      case 39:
        return {"hincrbyfloat", key, number, "0.1"};
      case 44:
        return {"hpexpire", key, "100000", "FIELDS", "2", number, std::to_string(Below(10))};
      case 45:
        return {"hexpire", key, "100", "XX", "FIELDS", "1", number};
      case 46:
        return {"hpexpireat", key, "1", "LT", "FIELDS", "1", number};
      case 47:
        return {"hpersist", key, "FIELDS", "1", number};
      case 40:
        return {"zadd", key, number, number};
      case 41:
        return {"zincrby", key, "0.1", number};
      case 42:
        return {"zmpop", "2", key, other, "MAX", "COUNT", "2"};
      case 43:
        return {"sunionstore", key, other};
      case 48:
      case 49:
        return {"hsetex", key, "PX", ms, "FIELDS", "2", Field(), number, Field(), number};
      case 50:
        return {"hsetex", key, Below(2) == 0 ? "FNX" : "FXX", "KEEPTTL", "FIELDS", "1", Field(), number};
      case 51:
        return {"hsetex", key, "PXAT", "1", "FIELDS", "1", Field(), number};
      case 52:
        return {"hsetex", key, "EX", "100", "FIELDS", "1", Field(), number};
      case 53:
        return {"hgetex", key, "PX", ms, "FIELDS", "2", Field(), Field()};
      case 54:
        return {"hgetex", key, "PERSIST", "FIELDS", "1", Field()};
      case 55:
        return {"hgetdel", key, "FIELDS", "2", Field(), Field()};
      case 56:
        return {"hset", key, Field(), number};
      case 57:
        return {"hsetnx", key, Field(), number};
      case 58:
        return {"hincrby", key, Field(), number};
      case 59:
        return {"hdel", key, Field()};
      case 60:
        return {"hpexpire", key, ms, Below(2) == 0 ? "GT" : "NX", "FIELDS", "1", Field()};
      default:
        return {"mget", key, other};
    }
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  std::string Field() { return std::to_string(Below(6)); }
  std::string Key() { return KeyName(static_cast<int>(Below(kKeys))); }
  std::vector<std::string> Rarely(std::vector<std::string> words) {
    return Below(10) == 0 ? words : std::vector<std::string>{"get", Key()};
  }

  std::mt19937 random_;
};

// What has expired is deleted, in each database, so that the log ends with it.
void MeetAll(EffectWorld::Lane& lane) {
  for (int database = 0; database < EffectWorld::kDatabases; ++database) {
    lane.Run({"select", std::to_string(database)});
    for (int i = 0; i < kKeys; ++i) lane.Run({"exists", KeyName(i)});
  }
}

void CheckReplay(EffectWorld& world, EffectWorld::Lane& lane) {
  // No command meets the fields that end in a moment: expiry has to.
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  lane.ExpireDue();
  const int64_t from_ms = lane.now_ms();
  MeetAll(lane);
  EffectWorld again(1);
  again.Replay(world.log.groups);
  const int64_t late_ms = storage::SystemClock().unix_ms();
  CHECK(again.Contents(EffectWorld::kReplayMs, late_ms) == world.Contents(from_ms, late_ms));
  CHECK(commands::DigestOfDataset(again.keyspace, EffectWorld::kReplayMs) ==
        commands::DigestOfDataset(world.keyspace, from_ms));
}

TEST_CASE("the log run again makes the same dataset") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  EffectWorld world(1);
  EffectWorld::Lane lane(world, 0);
  lane.Bind();
  RandomWrites writes(seed);
  for (int i = 0; i < 20'000; ++i) {
    lane.Run(writes.Next());
    if (i % 100 == 0) lane.ExpireDue();
  }
  CheckReplay(world, lane);
}

TEST_CASE("of several workers, the order of each key's writes is the log's" *
          doctest::test_suite("threaded")) {
  constexpr size_t kWorkers = 4;
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  EffectWorld world(kWorkers);
  std::deque<EffectWorld::Lane> lanes;
  for (size_t i = 0; i < kWorkers; ++i) lanes.emplace_back(world, i);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kWorkers; ++i) {
    threads.emplace_back(
        [&lane = lanes[i], writes = RandomWrites(seed + static_cast<uint32_t>(i))]() mutable {
          lane.Bind();
          for (int n = 0; n < 3'000; ++n) {
            lane.Run(writes.Next());
            if (n % 100 == 0) lane.ExpireDue();
          }
          storage::MemoryMeter::Publish();  // what the keys take outlives the thread
        });
  }
  for (std::thread& thread : threads) thread.join();
  lanes[0].Bind();
  CheckReplay(world, lanes[0]);
}

}  // namespace
}  // namespace corral::dispatch
