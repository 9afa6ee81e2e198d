// A batch: order and shares of connections, stops at the gate, what a pause holds back.
#include "server/dispatch/batch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "server/net/event_loop.h"
#include "storage/base/capacity.h"
#include "storage/memory_meter.h"
#include "tests/unit/server/dispatch/dispatch_world.h"

namespace corral::dispatch {
namespace {

std::string Repeated(std::string_view request, int times) {
  std::string input;
  for (int i = 0; i < times; ++i) input += request;
  return input;
}

TEST_CASE("pipelines take turns, and each is answered in its own order") {
  DispatchWorld world(1);
  auto deep = world.Connect(), shallow = world.Connect();
  const std::string many = Repeated("APPEND k x\r\n", 100), one = "STRLEN k\r\n";
  world.Send(*deep, many);
  world.Send(*shallow, one);
  world.batch.Run();
  std::string expected;
  for (int i = 1; i <= 100; ++i) expected += ":" + std::to_string(i) + "\r\n";
  CHECK(DispatchWorld::TakeReplies(*deep) == expected);
  // Its turn came behind a part of the pipeline, not behind all of it.
  CHECK(DispatchWorld::TakeReplies(*shallow) == ":64\r\n");
  CHECK(world.batch.empty());
}

TEST_CASE("a connection has its share of a turn; the rest waits for the next") {
  DispatchWorld world(1);
  auto client = world.Connect();
  const std::string input = Repeated("APPEND k x\r\n", Batch::kTurnRequests + 10);
  world.Send(*client, input);
  world.batch.Run();
  CHECK(world.ran.size() == Batch::kTurnRequests);
  CHECK(world.batch.requests_wait());
  world.batch.BeginTurn();
  world.batch.Run();
  CHECK(world.ran.size() == Batch::kTurnRequests + 10);
  CHECK_FALSE(world.batch.requests_wait());
}

TEST_CASE("what a pause holds back stays with its client and is run later") {
  DispatchWorld world(1);
  auto writer = world.Connect(), reader = world.Connect();
  world.clients.Pause(client::PauseMode::kWrites, net::EventLoop::MonotonicMs() + 60'000);
  const std::string writes = "GET k\r\nSET k v\r\nGET k\r\n", reads = "GET k\r\n";
  world.Send(*writer, writes);
  world.Send(*reader, reads);
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*writer) == "$-1\r\n");
  CHECK(DispatchWorld::TakeReplies(*reader) == "$-1\r\n");
  CHECK(world.held == std::vector<uint64_t>{writer->id});
  CHECK(writer->turn.paused);
  // CLIENT LIST names what is held back, not what came before it.
  REQUIRE(writer->last_command != nullptr);
  CHECK(writer->last_command->name == "set");
  world.clients.Unpause();
  writer->turn.paused = false;
  writer->input = writer->pending_input.view();
  world.batch.Add(*writer);
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*writer) == "+OK\r\n$1\r\nv\r\n");
}

// What a worker notes when the command of a client sends a message to another worker.
void Send(command::Context& ctx) {
  ctx.client.turn.sent_messages = true;
  ctx.services.clients.transit().Add(client::Transit::kMostBytes / 100);
  ctx.reply.Simple("SENT");
}

constexpr command::CommandSpec kSend[] = {Row("send", 1, 0, {}, Send)};

TEST_CASE("who sends more messages than others take is held back, and loses nothing") {
  DispatchWorld world(1, kSend);
  int woken = 0;
  world.clients.transit().AddWorker([&] { ++woken; });
  auto sender = world.Connect(), reader = world.Connect();
  const std::string input = Repeated("SEND\r\n", 200);
  world.Send(*sender, input);
  world.batch.Run();
  CHECK(sender->turn.held_back);
  CHECK(world.held == std::vector<uint64_t>{sender->id});
  CHECK(world.ran.size() < 100 + 64);
  CHECK_FALSE(world.batch.requests_wait());  // nothing to stay awake for
  // Who sends nothing goes on, and a further sender has one request.
  world.Send(*reader, "GET k\r\nGET k\r\nSEND\r\nGET k\r\nSEND\r\n");
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*reader) == "$-1\r\n$-1\r\n+SENT\r\n");
  CHECK(reader->turn.held_back);
  // The messages arrive.
  client::Transit& transit = world.clients.transit();
  CHECK(transit.HoldsBack());
  while (transit.bytes() > 0) transit.Remove(client::Transit::kMostBytes / 100);
  CHECK(woken == 1);
  CHECK_FALSE(transit.HoldsBack());
  for (client::Client* client : {sender.get(), reader.get()}) {
    client->turn.held_back = client->turn.sent_messages = false;
    client->input = client->pending_input.view();
    world.batch.Add(*client);
  }
  world.batch.Run();
  CHECK(DispatchWorld::TakeReplies(*reader) == "$-1\r\n+SENT\r\n");
  CHECK_FALSE(sender->turn.held_back);
  CHECK(std::count(world.ran.begin(), world.ran.end(), sender->id) == 200);
}

TEST_CASE("a turn with very many clients leaves no memory behind") {
  DispatchWorld world(1);
  auto client = world.Connect();
  const auto turn = [&](size_t times) {
    // To the batch, one client that is added anew each time is as good as many.
    for (size_t i = 0; i < times; ++i) {
      client->turn.ready = false;
      world.Send(*client, "");
    }
    world.batch.Run();
  };
  turn(1);
  const int64_t before = storage::MemoryMeter::UsedBytes();
  turn(8 * storage::kKeptBytes / sizeof(client::Client*));
  CHECK(storage::MemoryMeter::UsedBytes() - before <= int64_t{storage::kKeptBytes});
}

TEST_CASE("a request with very many arguments leaves no memory behind") {
  DispatchWorld world(1);
  auto client = world.Connect();
  const std::string usual = "GET k\r\n", large = "PING" + Repeated(" k", 1'000'000) + "\r\n";
  const auto run = [&](const std::string& input) {
    world.Send(*client, input);
    world.batch.Run();
    return DispatchWorld::TakeReplies(*client);
  };
  CHECK(run(usual) == "$-1\r\n");
  const int64_t before = storage::MemoryMeter::UsedBytes();
  CHECK(run(large) == "-ERR wrong number of arguments for 'ping' command\r\n");
  CHECK(run(usual) == "$-1\r\n");
  CHECK(storage::MemoryMeter::UsedBytes() - before <= int64_t{storage::kKeptBytes});
}

TEST_CASE("those whose output waits go on waiting while others have their turn") {
  DispatchWorld world(1);
  std::vector<std::unique_ptr<client::Client>> clients;
  const std::string input = Repeated("APPEND k x\r\n", Batch::kTurnRequests + 1);
  for (int i = 0; i < 4; ++i) {
    clients.push_back(world.Connect());
    world.Send(*clients.back(), input);
  }
  world.batch.Run();
  clients[0]->turn.output_waits = clients[2]->turn.output_waits = true;
  world.ran.clear();
  world.batch.BeginTurn();
  world.batch.Run();
  CHECK(std::set(world.ran.begin(), world.ran.end()) == std::set{clients[1]->id, clients[3]->id});
  CHECK(world.batch.requests_wait());
  clients[0]->turn.output_waits = clients[2]->turn.output_waits = false;
  world.ran.clear();
  world.batch.BeginTurn();
  world.batch.Run();
  CHECK(std::set(world.ran.begin(), world.ran.end()) == std::set{clients[0]->id, clients[2]->id});
  CHECK_FALSE(world.batch.requests_wait());
}

std::atomic<bool> stalled{false};
Gate* stalling_gate = nullptr;

// Comes back when somebody wants the world.
void Stall(command::Context& ctx) {
  stalled = true;
  while (!stalling_gate->WriterWaits()) std::this_thread::yield();
  ctx.reply.Simple("OK");
}

constexpr command::CommandSpec kStall[] = {Row("stall", 1, 0, {}, Stall)};

// Without a further look at the clock the key would be there once more.
TEST_CASE("a stop at the gate takes time: what expired meanwhile is not served" *
          doctest::test_suite("threaded")) {
  constexpr int64_t kLifeMs = 100;
  DispatchWorld world(2, kStall);
  stalled = false;
  stalling_gate = &world.gate;
  auto client = world.Connect();
  const std::string input = "SET k v PX 100\r\nSTALL\r\nGET k\r\n";
  world.gate.Enter(0);
  world.executor.clock().Refresh();
  world.Send(*client, input);
  std::thread other([&] {
    while (!stalled) std::this_thread::yield();
    world.gate.Enter(1);
    {
      Gate::Exclusive alone(world.gate, 1);
      const int64_t end_ms = net::EventLoop::UnixMs() + kLifeMs + 1;
      while (net::EventLoop::UnixMs() < end_ms) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    world.gate.Leave(1);
  });
  world.batch.Run();
  world.gate.Leave(0);
  other.join();
  CHECK(DispatchWorld::TakeReplies(*client) == "+OK\r\n+OK\r\n$-1\r\n");
  // Nor is the stop the next command's time.
  CHECK(world.stats.per_command[world.table.Find("get")->id].nanos < uint64_t{kLifeMs} * 1'000'000);
}

}  // namespace
}  // namespace corral::dispatch
