// One command: refused or run, under which locks, and what is counted and told about it.
#include "server/dispatch/executor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/capacity.h"
#include "storage/memory_meter.h"
#include "tests/unit/server/dispatch/dispatch_world.h"

namespace corral::dispatch {
namespace {

DispatchWorld* observed = nullptr;
Invoker* inner_invoker = nullptr;
std::vector<uint32_t> taken;

// Notes which shards are locked while it runs.
void NoteLocks(command::Context& ctx) {
  taken.clear();
  for (uint32_t shard = 0; shard < observed->keyspace.shard_count(); ++shard) {
    if (!observed->keyspace.TryLock(shard)) {
      taken.push_back(shard);
    } else {
      observed->keyspace.Unlock(shard);
    }
  }
  if (observed->gate.WriterWaits()) taken.push_back(999);  // the world
  ctx.reply.Simple("OK");
}

constexpr command::KeySpec kOne[] = {{.flags = command::kKeyRo}};
constexpr command::KeySpec kAll[] = {{.flags = command::kKeyRo, .last = -1}};
constexpr command::KeySpec kOneAndMore[] = {{.flags = command::kKeyRo},
                                            {.begin = command::KeySpec::Begin::kUnknown}};
constexpr command::CommandSpec kRows[] = {
    Row("none", 1, 0, {}, NoteLocks),
    Row("one", 2, 0, kOne, NoteLocks),
    Row("all", -2, 0, kAll, NoteLocks),
    Row("more", -2, command::kMovableKeys, kOneAndMore, NoteLocks),
    Row("alone", -1, command::kExclusive, {}, NoteLocks),
};

TEST_CASE("a command runs under the locks of its keys, and of nothing else") {
  DispatchWorld world(2, kRows);
  observed = &world;
  auto client = world.Connect();
  world.gate.Enter(0);
  const auto run = [&](const std::string& line) {
    world.Send(*client, line);
    world.batch.Run();
    CHECK(DispatchWorld::TakeReplies(*client) == "+OK\r\n");
    return taken;
  };
  const auto shard = [&](std::string_view key) {
    return world.keyspace.ShardOf(world.keyspace.MakeKey(key).hash);
  };
  CHECK(run("NONE\r\n").empty());
  CHECK(run("ONE a\r\n") == std::vector<uint32_t>{shard("a")});
  std::vector<uint32_t> both{shard("a"), shard("c")};
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  CHECK(run("ALL a c a\r\n") == both);
  // The first key is known, the others are not.
  CHECK(run("MORE a\r\n") == std::vector<uint32_t>{999});
  CHECK(run("ALONE\r\n") == std::vector<uint32_t>{999});
  CHECK(run("NONE\r\n").empty());
  world.gate.Leave(0);
}

TEST_CASE("refusals are counted apart from calls") {
  DispatchWorld world(1);
  auto client = world.Connect();
  const std::string input = "GET\r\nNOSUCH a\r\nGET k\r\nSET k v NONSENSE\r\n";
  world.Send(*client, input);
  world.batch.Run();
  const telemetry::CommandStats& get = world.stats.per_command[world.table.Find("get")->id];
  const telemetry::CommandStats& set = world.stats.per_command[world.table.Find("set")->id];
  CHECK(get.calls == 1);
  CHECK(get.rejected == 1);
  CHECK(set.calls == 1);
  CHECK(set.failed == 1);
  CHECK(world.stats.commands == 2);
  CHECK(world.stats.errors["ERR"] == 3);
}

TEST_CASE("an argument that breaks the protocol is answered, then the connection closes") {
  DispatchWorld world(1);
  auto client = world.Connect();
  const std::string input = "*1\r\n$x\r\nGET k\r\n";
  world.Send(*client, input);
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*client).starts_with("-ERR Protocol error"));
  CHECK(client->close_after_reply());
}

// As EXEC does: the commands inside run under the set that the outer one holds.
void Twice(command::Context& ctx) {
  ctx.reply.Array(2);
  for (int i = 0; i < 2; ++i) {
    const std::string_view arguments[] = {"append", ctx[1], "xy"};
    Request request;
    request.client = &ctx.client;
    request.command = ctx.services.commands.Find("append");
    request.arguments = arguments;
    inner_invoker->Run(request);
    inner_invoker->Account(request);
  }
}

// Gets messages of its own while it runs, each longer than a string without an allocation.
void Hear(command::Context& ctx) {
  const std::string message(100, 'm');
  for (int i = 0; i < 10'000; ++i) observed->executor.Defer({.head = message});
  ctx.reply.Simple("OK");
}

constexpr command::CommandSpec kHear[] = {Row("hear", 1, 0, {}, Hear)};

TEST_CASE("very many messages that waited for the reply leave no memory behind") {
  DispatchWorld world(1, kHear);
  observed = &world;
  auto client = world.Connect();
  const int64_t before = storage::MemoryMeter::UsedBytes();
  world.Send(*client, "HEAR\r\n");
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*client).size() == 5 + 10'000 * 100);
  // The free chunks of outputs belong to their pool.
  constexpr int64_t kPool = client::ChunkPool::kKeptChunks * (client::ChunkPool::kChunkBytes + sizeof(char*));
  CHECK(storage::MemoryMeter::UsedBytes() - before <= kPool + int64_t{storage::kKeptBytes});
}

constexpr command::KeySpec kWritten[] = {{.flags = command::kKeyRw}};
constexpr command::CommandSpec kTwice[] = {Row("twice", 2, 0, kWritten, Twice)};

struct NoMonitors final : MonitorFeed {
  void Feed(const std::string&) override {}
};

TEST_CASE("a command that runs others calls the invoker from within") {
  DispatchWorld world(2, kTwice);
  NoMonitors monitors;
  Invoker invoker(world.services, world.stats, world.executor.clock(), monitors);
  inner_invoker = &invoker;
  auto client = world.Connect();
  const std::string input = "TWICE k\r\nGET k\r\n";
  world.gate.Enter(0);
  world.Send(*client, input);
  world.batch.Run();
  world.gate.Leave(0);
  CHECK(DispatchWorld::TakeReplies(*client) == "*2\r\n:2\r\n:4\r\n$4\r\nxyxy\r\n");
  CHECK(world.stats.per_command[world.table.Find("append")->id].calls == 2);
  CHECK(world.stats.per_command[world.table.Find("twice")->id].calls == 1);
}

}  // namespace
}  // namespace corral::dispatch
