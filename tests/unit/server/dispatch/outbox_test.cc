// What is owed is sent in shares, in order and whole; what is too much is not.
#include "server/dispatch/outbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "server/net/event_loop.h"
#include "storage/base/capacity.h"
#include "storage/base/clock.h"
#include "storage/memory_meter.h"
#include "tests/unit/server/net/record_stream.h"

namespace corral::dispatch {
namespace {

using client::Client;

class NoHooks final : public net::LoopHooks {
 public:
  void AfterPoll() override {}
  void BeforeSleep() override {}
  void OnWakeup() override {}
};

class NoWorker final : public client::ClientOwner {
 public:
  void Visit(uint64_t, std::function<void(Client&)>) override {}
  void WaitAnswered(Client&) override {}
};

// A worker that does nothing but send.
class World final : public OutboxOwner, public net::StreamHandler {
 public:
  std::span<char> ReadBuffer(net::Stream&) override { return {}; }
  void OnRead(net::Stream&, size_t) override {}
  void OnEnd(net::Stream&) override {}
  void OnWritten(net::Stream& stream, size_t bytes, bool ok) override {
    auto& client = *static_cast<Client*>(stream.context);
    REQUIRE(ok);
    outbox.CountSent(client, bytes);
    outbox.Queue(client);
  }
  void Sending(Client&) override { ++touched; }
  void CloseSent(Client& client) override { closed.push_back(client.id); }

  void Turn() {
    outbox.BeginTurn();
    outbox.FlushAll();
  }

  NoHooks hooks;
  net::EventLoop loop{&hooks};
  NoWorker owner;
  client::ChunkPool pool;
  client::MemoryLimit memory;
  config::Settings settings{};
  telemetry::WorkerStats stats{0};
  storage::TickCounter ticks;
  CommandClock clock{ticks};
  Gate gate{1};
  GatePass pass{gate, 0};
  Outbox outbox{settings, memory, stats, clock, pass, *this};
  std::vector<uint64_t> closed;
  int touched = 0;
};

// A connection and its other end.
class Pair {
 public:
  Pair(World& world, uint64_t id, bool records = false) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peer_ = ends[1];
    net::Stream::Handle stream(records ? new net::RecordStream(world.loop, ends[0], world)
                                       : new net::Stream(world.loop, ends[0], net::Transport::kUnix, world));
    client = std::make_unique<Client>(id, world.owner, std::move(stream), world.pool, 0);
    client->stream().context = client.get();
  }
  ~Pair() { close(peer_); }

  void Give(char byte) { REQUIRE(write(peer_, &byte, 1) == 1); }
  std::string Read() {
    std::string all;
    char buffer[65536];
    for (ssize_t got; (got = read(peer_, buffer, sizeof buffer)) > 0;) all.append(buffer, buffer + got);
    return all;
  }

  std::unique_ptr<Client> client;

 private:
  int peer_ = -1;
};

std::string Text(size_t bytes) {
  std::string text;
  for (size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i);
  text.resize(bytes);
  return text;
}

TEST_CASE("outbox: a long output goes in shares, turn by turn, and arrives whole") {
  World world;
  world.clock.Refresh();
  Pair pair(world, 1);
  const std::string owed = Text(size_t{3} << 20);
  pair.client->output.Append(owed);
  world.outbox.Queue(*pair.client);
  world.outbox.Queue(*pair.client);  // as often as one likes
  std::string received;
  int turns = 0;
  while (received.size() < owed.size()) {
    REQUIRE(++turns < 10000);
    const uint64_t before = pair.client->traffic.bytes_out;
    world.Turn();
    CHECK(pair.client->traffic.bytes_out - before <= Outbox::kMostSent);
    received += pair.Read();
    uv_run(world.loop.handle(), UV_RUN_NOWAIT);
  }
  world.Turn();
  CHECK(received == owed);
  CHECK(turns >= 24);
  CHECK(pair.client->output.empty());
  CHECK_FALSE(world.outbox.waits());
  CHECK(world.closed.empty());
  CHECK(world.stats.bytes_out == owed.size());
}

TEST_CASE("outbox: a short reply leaves at once, and its end is told after the last byte") {
  World world;
  world.clock.Refresh();
  Pair pair(world, 7);
  pair.client->output.Append("+OK\r\n");
  pair.client->CloseAfterReply();
  world.outbox.Queue(*pair.client);
  world.Turn();
  CHECK(pair.Read() == "+OK\r\n");
  CHECK(world.closed == std::vector<uint64_t>{7});
  CHECK(pair.client->traffic.last_active_ms == world.clock.unix_ms());
}

TEST_CASE("outbox: a connection that encrypts is at its end when the last encrypted byte has left") {
  World world;
  world.clock.Refresh();
  Pair pair(world, 1, /*records=*/true);
  Client& client = *pair.client;
  client.stream().StartReading();
  pair.Give(0x11);
  uv_run(world.loop.handle(), UV_RUN_NOWAIT);
  // Until a reply is encrypted whole, and the socket takes a part of it.
  const std::string reply = Text(net::RecordStream::kMostInRecord);
  size_t replies = 0;
  for (; !client.stream().writing(); ++replies) {
    client.output.Append(reply);
    world.outbox.Queue(client);
    world.Turn();
  }
  CHECK(client.output.empty());
  client.CloseAfterReply();
  world.outbox.Queue(client);
  world.Turn();
  CHECK(world.closed.empty());
  std::string wire;
  while (client.stream().writing()) {
    wire += pair.Read();
    uv_run(world.loop.handle(), UV_RUN_NOWAIT);
  }
  wire += pair.Read();
  CHECK(wire.size() == replies * (sizeof(uint32_t) + reply.size()));
  world.Turn();
  CHECK(world.closed == std::vector<uint64_t>{1});
}

TEST_CASE("outbox: what is over the limit is not sent at all") {
  World world;
  world.clock.Refresh();
  world.settings.client_output_buffer_limits[0].hard_bytes = 100'000;
  Pair pair(world, 3), other(world, 4);
  pair.client->output.Append(Text(100'000));
  other.client->output.Append(Text(99'999));
  world.outbox.Queue(*pair.client);
  world.outbox.Queue(*other.client);
  world.Turn();
  CHECK(world.closed == std::vector<uint64_t>{3});
  CHECK(pair.Read().empty());
  CHECK_FALSE(other.Read().empty());
  CHECK(world.stats.output_buffer_disconnections == 1);
}

TEST_CASE("outbox: a stranger may leave little unread, until no password is asked for") {
  World world;
  Pair pair(world, 5);
  pair.client->session.authenticated = false;
  world.settings.requirepass = {"secret"};
  pair.client->output.Append(Text(Outbox::kUnauthenticatedOutputBytes - 1));
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 0));
  pair.client->output.Append("x");
  CHECK(world.outbox.OverLimit(*pair.client, 0));
  world.settings.requirepass.clear();
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 0));
}

TEST_CASE("outbox: the soft limit is one of time, which begins anew below it") {
  World world;
  world.settings.client_output_buffer_limits[0].soft_bytes = 1000;
  world.settings.client_output_buffer_limits[0].soft_seconds = 10;
  Pair pair(world, 6);
  pair.client->output.Append(Text(1000));
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 1'000));
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 11'000));
  pair.client->output.Consume(1);
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 11'001));
  pair.client->output.Append("x");
  CHECK_FALSE(world.outbox.OverLimit(*pair.client, 12'000));
  CHECK(world.outbox.OverLimit(*pair.client, 22'001));
}

TEST_CASE("outbox: who goes away is sent nothing any more, and memory is told only under a limit") {
  World world;
  world.clock.Refresh();
  Pair gone(world, 8), here(world, 9);
  for (Pair* pair : {&gone, &here}) {
    pair->client->output.Append("+OK\r\n");
    world.outbox.Queue(*pair->client);
  }
  world.outbox.Remove(*gone.client);
  world.Turn();
  CHECK(gone.Read().empty());
  CHECK(here.Read() == "+OK\r\n");
  CHECK(world.touched == 0);
  world.memory.Set(1 << 20);
  world.outbox.Queue(*here.client);
  world.Turn();
  CHECK(world.touched == 1);
}

TEST_CASE("outbox: a turn with very many clients leaves no memory behind") {
  World world;
  world.clock.Refresh();
  Pair pair(world, 1);
  Client& client = *pair.client;
  constexpr size_t kMany = 8 * storage::kKeptBytes / sizeof(Client*);
  const auto turn = [&] {
    world.Turn();
    pair.Read();
  };
  turn();
  const int64_t before = storage::MemoryMeter::UsedBytes();
  // To the outbox, one client that is queued anew each time is as good as many.
  for (size_t i = 0; i < kMany; ++i) {
    client.turn.flush_queued = false;
    world.outbox.Queue(client);
  }
  CHECK(storage::MemoryMeter::UsedBytes() - before > int64_t{kMany * sizeof(Client*)} / 2);
  turn();
  CHECK(storage::MemoryMeter::UsedBytes() - before <= int64_t{storage::kKeptBytes});
}

}  // namespace
}  // namespace corral::dispatch
