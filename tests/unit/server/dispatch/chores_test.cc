// Expiry, eviction and limits of a worker: in shares, and at the right time again.
#include "server/dispatch/chores.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/net/event_loop.h"
#include "storage/base/capacity.h"
#include "storage/memory_meter.h"
#include "tests/unit/server/dispatch/dispatch_world.h"
#include "tests/unit/server/dispatch/idle_network.h"

namespace corral::dispatch {
namespace {

using client::Client;

struct World : DispatchWorld {
  World() : DispatchWorld(1) {}

  void Run(const std::string& input) {
    Send(*client, input);
    batch.Run();
    TakeReplies(*client);
  }
  void Set(std::string_view directive, std::string_view value) {
    const std::pair<std::string_view, std::string_view> pairs[] = {{directive, value}};
    REQUIRE(config.Set(pairs, true).ok());
  }
  Client* Find(uint64_t id) override { return client->id == id ? client.get() : nullptr; }
  size_t keys() { return keyspace.database(0, 0).size(); }

  IdleNetwork network;
  client::ChunkPool chunks;
  Chores chores{services, stats, gate, 0, executor, chunks};
  std::unique_ptr<Client> client =
      std::make_unique<Client>(clients.NextId(), *this, network.Connect(), chunks, 0);
};

TEST_CASE("chores: keys go when they are due, and the next look is planned for then") {
  World world;
  int64_t now_ms = 1'000'000;
  world.Run("SET a v PX 1\r\n");
  world.Run("SET b v PX 100000\r\n");
  // A command has written: a key may be due before anything that is known, so a look comes with the tick.
  CHECK(world.chores.Schedule(now_ms) <= now_ms + Chores::kExpiryIntervalMs);
  while (world.keys() == 2) {
    world.executor.clock().Refresh();
    now_ms += Chores::kExpiryIntervalMs;
    world.chores.Expire(now_ms);
  }
  CHECK(world.keys() == 1);
  int64_t next_ms = world.chores.Schedule(now_ms);
  while (world.chores.waits()) {  // a slow machine leaves a rest of the look to the next turn
    world.executor.clock().Refresh();
    now_ms += Chores::kExpiryIntervalMs;
    world.chores.Expire(now_ms);
    next_ms = world.chores.Schedule(now_ms);
  }
  // The wheels may have to be looked at before the key that is left is due, but there is always a look.
  CHECK(next_ms > now_ms);
  CHECK(next_ms <= now_ms + 100'000);
  CHECK_FALSE(world.chores.waits());
  world.chores.ExpiryRested();
  CHECK(world.chores.Schedule(now_ms) <= now_ms + Chores::kExpiryIntervalMs);
}

TEST_CASE("chores: with nothing that expires there is nothing to wake up for") {
  World world;
  world.chores.Expire(1'000'000);
  CHECK(world.chores.Schedule(1'000'000) == INT64_MAX);
  CHECK_FALSE(world.chores.waits());
}

TEST_CASE("chores: idle connections are found after the timeout, and nobody without one") {
  World world;
  world.client->traffic.last_active_ms = 1'000'000;
  world.chores.BeginRound(3'000'000);
  CHECK_FALSE(world.chores.Inspect(*world.client, 3'000'000));
  world.Set("timeout", "10");
  CHECK_FALSE(world.chores.Inspect(*world.client, 1'010'000));
  CHECK(world.chores.Inspect(*world.client, 1'010'001));
  world.client->session.monitor = true;
  CHECK_FALSE(world.chores.Inspect(*world.client, 1'010'001));
}

TEST_CASE("chores: the peak of what was owed begins anew with a round") {
  World world;
  world.client->output.Append("+OK\r\n");
  world.client->traffic.reply_peak_bytes = 1000;
  world.chores.BeginRound(3'000'000);
  CHECK_FALSE(world.chores.Inspect(*world.client, 3'000'000));
  CHECK(world.client->traffic.reply_peak_bytes == 5);
}

TEST_CASE("chores: the memory of clients counts once it was touched, and too much of it ends the largest") {
  World world;
  world.chores.KeepClientMemory(world, 1);  // no limit: nothing is counted
  CHECK(world.client->counted_memory_bytes == 0);
  world.clients.memory().Set(4 << 20);
  REQUIRE(world.clients.Admit(10));
  world.clients.Add(*world.client);
  world.client->output.Append(std::string(2 << 20, 'x'));
  world.chores.Touched(*world.client);
  world.chores.KeepClientMemory(world, 1);
  CHECK(world.client->counted_memory_bytes == world.client->MemoryBytes());
  CHECK_FALSE(world.client->close_now());
  world.clients.memory().Set(1 << 20);
  world.chores.KeepClientMemory(world, 2);
  CHECK(world.client->close_now());
  CHECK(world.stats.evicted_clients == 1);
  world.clients.Remove(*world.client);
}

TEST_CASE("chores: a turn that touched very many clients leaves no memory behind") {
  World world;
  world.clients.memory().Set(4 << 20);
  const int64_t before = storage::MemoryMeter::UsedBytes();
  for (size_t i = 0; i < storage::kKeptBytes; ++i) world.chores.Touched(*world.client);
  world.chores.KeepClientMemory(world, 1);
  CHECK(storage::MemoryMeter::UsedBytes() - before <= int64_t{storage::kKeptBytes});
  world.clients.memory().Set(0);
}

TEST_CASE("chores: keys give way to memory that no write asked for, within a policy that evicts") {
  World world;
  CHECK_FALSE(world.chores.Evict());  // no limit
  for (int i = 0; i < 100; ++i) {
    world.Run("SET k" + std::to_string(i) + " v\r\n");
  }
  world.Set("maxmemory", "1");
  CHECK_FALSE(world.chores.Evict());  // noeviction
  CHECK(world.keys() == 100);
  world.Set("maxmemory-policy", "allkeys-random");
  world.keyspace.SetEvictionPolicy(storage::EvictionPolicy::kAllKeysRandom);
  world.clients.Pause(client::PauseMode::kWrites, net::EventLoop::MonotonicMs() + 60'000);
  CHECK_FALSE(world.chores.Evict());
  CHECK(world.keys() == 100);
  world.clients.Unpause();
  for (int turns = 0; world.keys() > 0; ++turns) {
    REQUIRE(turns < 1000);
    CHECK(world.chores.Evict());
    world.chores.SettleEviction();
  }
  CHECK(world.chores.Evict());
  world.chores.SettleEviction();
  CHECK_FALSE(world.chores.waits());  // nothing is left that could go
}

}  // namespace
}  // namespace corral::dispatch
