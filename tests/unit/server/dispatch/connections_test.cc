// Connections end in shares of a turn, and what they hold for others ends at once.
#include "server/dispatch/connections.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/server/dispatch/holds_world.h"

namespace corral::dispatch {
namespace {

using client::Client;

TEST_CASE("connections: of many that end at once a turn closes some; the others give up their waits") {
  HoldsWorld world;
  std::vector<Client*> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(&world.Connect());
    all.back()->Block(std::make_unique<ToldWait>(), 5000);
    world.holds.BeginWait(*all.back());
  }
  for (Client* client : all) world.connections.CloseInTurn(*client);
  CHECK(world.holds.next_due_ms() == INT64_MAX);
  size_t left = world.clients.size();
  CHECK(left < 100);
  CHECK(left > 50);
  for (world.connections.CloseEnded(); world.connections.waits(); world.connections.CloseEnded()) {
    CHECK(world.clients.size() <= left);
    CHECK(left - world.clients.size() < 50);
    left = world.clients.size();
  }
  CHECK(world.clients.size() == 0);
}

TEST_CASE("connections: one that ended twice, or was closed while it waited for that, is closed once") {
  HoldsWorld world;
  std::vector<Client*> all;
  for (int i = 0; i < 40; ++i) all.push_back(&world.Connect());
  for (Client* client : all) world.connections.CloseInTurn(*client);
  const uint64_t last = all.back()->id;
  world.connections.CloseInTurn(*all.back());
  world.connections.Close(*all.back());
  CHECK(world.connections.Find(last) == nullptr);
  while (world.connections.waits()) world.connections.CloseEnded();
  CHECK(world.clients.size() == 0);
}

TEST_CASE("connections: a round looks at every client, in several turns, and closes the idle") {
  HoldsWorld world;
  world.Set("timeout", "10");
  const int64_t now_ms = world.executor.clock().unix_ms();
  std::vector<uint64_t> idle, busy;
  for (int i = 0; i < 2000; ++i) {
    Client& client = world.Connect();
    const bool is_idle = i % 100 == 0;
    client.traffic.last_active_ms = now_ms - (is_idle ? 10'001 : 9'000);
    (is_idle ? idle : busy).push_back(client.id);
  }
  world.connections.BeginRound(world.chores, now_ms);
  int turns = 0;
  for (; world.connections.waits(); ++turns) {
    world.connections.CheckSome(world.chores, now_ms);
    world.connections.CloseEnded();
  }
  CHECK(turns > 4);
  for (uint64_t id : idle) CHECK(world.connections.Find(id) == nullptr);
  for (uint64_t id : busy) CHECK(world.connections.Find(id) != nullptr);
}

}  // namespace
}  // namespace corral::dispatch
