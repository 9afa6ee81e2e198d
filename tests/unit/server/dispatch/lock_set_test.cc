// What is locked for which command, and that it is.
#include "server/dispatch/lock_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "server/dispatch/families.h"
#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::dispatch {
namespace {

using Arguments = std::vector<std::string_view>;

struct World {
  explicit World(size_t workers)
      : keyspace({.databases = 1, .shards = 64, .concurrent = workers > 1, .seed = 5}, nullptr, nullptr),
        gate(workers),
        table(BuildCommandTable()) {}

  uint32_t ShardOf(std::string_view key) const { return keyspace.ShardOf(keyspace.MakeKey(key).hash); }
  const command::Command& Row(std::string_view name) const { return *table->Find(name); }
  bool IsFree(uint32_t shard) {
    if (!keyspace.TryLock(shard)) return false;
    keyspace.Unlock(shard);
    return true;
  }
  std::vector<uint32_t> Taken() {
    std::vector<uint32_t> taken;
    for (uint32_t shard = 0; shard < keyspace.shard_count(); ++shard) {
      if (!IsFree(shard)) taken.push_back(shard);
    }
    return taken;
  }

  storage::Keyspace keyspace;
  Gate gate;
  std::unique_ptr<command::CommandTable> table;
};

// A row of which the keys behind the first can only be told by running it.
command::Command MovableRow(const command::CommandSpec& spec) {
  command::Command command;
  command.spec = &spec;
  return command;
}

constexpr command::KeySpec kKeysUnknown[] = {{.flags = command::kKeyRo},
                                             {.begin = command::KeySpec::Begin::kUnknown}};
constexpr command::KeySpec kKeysCounted[] = {
    {.flags = command::kKeyRo, .find = command::KeySpec::Find::kKeynum, .step = 1}};

TEST_CASE("no key, one shard, several, the world") {
  World world(2);
  world.gate.Enter(0);
  LockSet locks(world.keyspace, world.gate, 0);

  locks.Add(world.Row("ping"), Arguments{"PING"});
  locks.Lock();
  CHECK(world.Taken().empty());
  CHECK_FALSE(locks.world());
  locks.Unlock();

  locks.Add(world.Row("get"), Arguments{"GET", "a"});
  locks.Lock();
  CHECK(world.Taken() == std::vector<uint32_t>{world.ShardOf("a")});
  locks.Unlock();
  CHECK(world.Taken().empty());

  // Keys that repeat, and keys of two commands, count once.
  locks.Add(world.Row("mget"), Arguments{"MGET", "c", "a", "c", "b"});
  locks.Add(world.Row("set"), Arguments{"SET", "d", "a"});
  locks.Lock();
  std::vector<uint32_t> expected;
  for (std::string_view key : {"a", "b", "c", "d"}) expected.push_back(world.ShardOf(key));
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  CHECK(world.Taken() == expected);
  CHECK(std::vector<uint32_t>(locks.shards().begin(), locks.shards().end()) == expected);
  locks.Unlock();
  CHECK(world.Taken().empty());

  // The world: other workers are outside, and shards stay free for scans.
  locks.Add(world.Row("get"), Arguments{"GET", "a"});
  locks.Add(world.Row("flushall"), Arguments{"FLUSHALL"});
  locks.Add(world.Row("get"), Arguments{"GET", "b"});
  CHECK(locks.world());
  locks.Lock();
  CHECK(world.gate.WriterWaits());
  CHECK(world.Taken().empty());
  locks.Unlock();
  CHECK_FALSE(world.gate.WriterWaits());
  CHECK_FALSE(locks.world());
  world.gate.Leave(0);
}

TEST_CASE("a row whose keys cannot all be found takes the world, never less") {
  World world(2);
  world.gate.Enter(0);
  LockSet locks(world.keyspace, world.gate, 0);
  command::CommandSpec unknown, counted;
  unknown.keys = kKeysUnknown;
  counted.keys = kKeysCounted;

  locks.Add(MovableRow(unknown), Arguments{"X", "a"});
  CHECK(locks.world());
  locks.Lock();
  CHECK(world.gate.WriterWaits());
  locks.Unlock();

  locks.Add(MovableRow(counted), Arguments{"X", "2", "a"});
  CHECK(locks.world());
  locks.Lock();
  locks.Unlock();

  locks.Add(MovableRow(counted), Arguments{"X", "2", "a", "b"});
  CHECK_FALSE(locks.world());
  CHECK(locks.shards().size() == 2);
  locks.Lock();
  locks.Unlock();
  world.gate.Leave(0);
}

TEST_CASE("GEORADIUS locks its source and its destination, and the world where a word for it comes again") {
  World world(2);
  world.gate.Enter(0);
  LockSet locks(world.keyspace, world.gate, 0);
  const auto locks_keys = [&](const Arguments& arguments, const Arguments& keys) {
    locks.Add(world.Row(arguments[0]), arguments);
    locks.Lock();
    const bool all = !locks.world() && std::ranges::all_of(keys, [&](std::string_view key) {
      return std::ranges::binary_search(locks.shards(), world.ShardOf(key));
    });
    locks.Unlock();
    return all;
  };
  const Arguments point{"georadius", "g", "1", "1", "1", "m"},
      member{"georadiusbymember", "g", "x", "1", "m"};
  const auto with = [](Arguments arguments, const Arguments& options) {
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  };
  CHECK(locks_keys(with(point, {"STORE", "a"}), {"g", "a"}));
  CHECK(locks_keys(with(point, {"STORE", "a", "storedist", "b"}), {"g", "b"}));
  CHECK(locks_keys(with(member, {"STOREDIST", "a", "STORE", "b"}), {"g", "b"}));
  CHECK(locks_keys(with(point, {"STORE", "a", "COUNT", "STORE", "ASC"}), {"g", "a"}));
  CHECK_FALSE(locks_keys(with(point, {"STORE"}), {}));  // no key behind it
  CHECK_FALSE(locks_keys(with(point, {"STORE", "a", "store", "b"}), {}));
  CHECK_FALSE(locks_keys(with(member, {"STORE", "a", "STOREDIST", "b", "STORE", "c"}), {}));
  CHECK_FALSE(locks_keys(with(member, {"STORE", "STORE", "STORE", "c"}), {}));
  world.gate.Leave(0);
}

TEST_CASE("SORT locks its source and its last destination, and the world for keys made of elements") {
  World world(2);
  world.gate.Enter(0);
  LockSet locks(world.keyspace, world.gate, 0);
  const auto locked = [&](std::string_view name, const Arguments& arguments) {
    locks.Add(world.Row(name), arguments);
    locks.Lock();
    std::vector<uint32_t> shards(locks.shards().begin(), locks.shards().end());
    const bool whole = locks.world();
    locks.Unlock();
    return std::pair(whole, shards);
  };
  const auto shards_of = [&](const Arguments& keys) {
    std::vector<uint32_t> shards;
    for (std::string_view key : keys) shards.push_back(world.ShardOf(key));
    std::sort(shards.begin(), shards.end());
    return std::pair(false, shards);
  };
  const std::pair<bool, std::vector<uint32_t>> all(true, {});
  CHECK(locked("sort", {"SORT", "a"}) == shards_of({"a"}));
  CHECK(locked("sort", {"SORT", "a", "BY", "nosort", "GET", "#"}) == shards_of({"a"}));
  CHECK(locked("sort", {"SORT", "a", "STORE", "b", "store", "c"}) == shards_of({"a", "c"}));
  CHECK(locked("sort", {"SORT", "a", "GET", "STORE", "STORE", "by", "STORE", "c"}) == shards_of({"a", "c"}));
  CHECK(locked("sort", {"SORT", "a", "STORE", "by", "DESC"}) == shards_of({"a", "by"}));
  CHECK(locked("sort_ro", {"SORT_RO", "a", "LIMIT", "0", "1"}) == shards_of({"a"}));
  CHECK(locked("sort", {"SORT", "a", "by", "w_*"}) == all);
  CHECK(locked("sort", {"SORT", "a", "STORE", "b", "GET", "g_*->f"}) == all);
  CHECK(locked("sort_ro", {"SORT_RO", "a", "BY", "nosort", "GET", "#", "GET", "*"}) == all);
  world.gate.Leave(0);
}

TEST_CASE("with one worker there is nothing to lock") {
  World world(1);
  LockSet locks(world.keyspace, world.gate, 0);
  locks.Add(world.Row("mset"), Arguments{"MSET", "a", "1", "b", "2"});
  locks.Add(world.Row("flushall"), Arguments{"FLUSHALL"});
  CHECK_FALSE(locks.world());
  CHECK(locks.shards().empty());
  locks.Lock();
  locks.Unlock();
}

// Sets in any order of keys, and worlds between them: none waits for ever, and what two share is never
// touched by both (the sanitizer's part).
TEST_CASE("sets that overlap exclude each other" * doctest::test_suite("threaded")) {
  constexpr size_t kWorkers = 3;
  constexpr int kRounds = 2000;
  World world(kWorkers);
  const std::string names[] = {"a", "b", "c", "d", "e", "f"};
  std::map<uint32_t, int> counts;  // plain memory of each shard
  for (const std::string& name : names) counts[world.ShardOf(name)] = 0;
  std::atomic<int> added{0};
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::vector<std::thread> threads;
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      storage::Random random(seed + worker);
      LockSet locks(world.keyspace, world.gate, worker);
      for (int round = 0; round < kRounds; ++round) {
        world.gate.Enter(worker);
        const bool alone = random.Below(64) == 0;
        std::vector<uint32_t> touched;
        for (uint64_t keys = 1 + random.Below(3); keys > 0; --keys) {
          const std::string& name = names[random.Below(6)];
          locks.AddKey(world.keyspace.MakeKey(name));
          touched.push_back(world.ShardOf(name));
        }
        if (alone) locks.AddWorld();
        locks.Lock();
        for (uint32_t shard : touched) ++counts.find(shard)->second;
        added.fetch_add(static_cast<int>(touched.size()));
        locks.Unlock();
        world.gate.Leave(worker);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (const auto& [shard, count] : counts) sum += count;
  CHECK(sum == added.load());
}

}  // namespace
}  // namespace corral::dispatch
