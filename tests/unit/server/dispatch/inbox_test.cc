// What connections send is read once a turn, run out of the arena, and kept where it cannot run yet.
#include "server/dispatch/inbox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/server/dispatch/dispatch_world.h"
#include "tests/unit/server/dispatch/idle_network.h"

namespace corral::dispatch {
namespace {

using client::Client;

struct World : DispatchWorld {
  World() : DispatchWorld(1) {}

  // As the network does: asks where to, writes as much as has room, says how much.
  bool Read(Client& client, std::string_view bytes) {
    const std::span<char> buffer = inbox.Buffer(client);
    REQUIRE(buffer.size() >= bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    return inbox.Take(client, bytes.size());
  }
  void Send(Client& client, std::string_view bytes) {
    REQUIRE(Read(client, bytes));
    inbox.Queue(client);
  }
  void EndTurn() {
    inbox.Run();
    inbox.EndTurn();
  }

  config::Settings limits = config.settings();
  Inbox inbox{limits, stats, executor.clock(), batch};
};

class NoReply final : public client::Wait {
 public:
  void ReplyTimeout(protocol::ReplyWriter&) override {}
};

TEST_CASE("inbox: requests run out of the arena, and an idle connection keeps no memory") {
  World world;
  auto first = world.Connect(), second = world.Connect();
  world.Send(*first, "SET k v\r\n");
  world.Send(*second, "GET k\r\n");
  world.EndTurn();
  CHECK(World::TakeReplies(*first) == "+OK\r\n");
  CHECK(World::TakeReplies(*second) == "$1\r\nv\r\n");
  CHECK(first->pending_input.capacity() == 0);
  CHECK(first->traffic.bytes_in == 9);
  CHECK(first->traffic.last_active_ms == world.executor.clock().unix_ms());
  CHECK(world.stats.bytes_in == 16);
  CHECK(world.stats.reads == 2);
}

TEST_CASE("inbox: a connection is read once a turn, and not before what it sent has run") {
  World world;
  auto client = world.Connect(), other = world.Connect();
  world.Send(*client, "PING\r\n");
  CHECK(world.inbox.Buffer(*client).empty());
  world.Send(*other, "PING\r\n");
  CHECK(world.inbox.Buffer(*client).empty());  // it has yet to run
  world.EndTurn();
  CHECK_FALSE(world.inbox.Buffer(*client).empty());
  client->turn.output_waits = true;
  CHECK(world.inbox.Buffer(*client).empty());
}

TEST_CASE("inbox: a request in pieces waits with its connection until it is whole") {
  World world;
  auto client = world.Connect();
  for (std::string_view piece : {"*2\r\n$4\r\nEC", "HO\r\n$5\r\nhel", "lo\r\n"}) {
    CHECK(World::TakeReplies(*client).empty());
    world.Send(*client, piece);
    world.EndTurn();
  }
  CHECK(World::TakeReplies(*client) == "$5\r\nhello\r\n");
  CHECK(client->pending_input.empty());
}

TEST_CASE("inbox: what a blocked connection sends runs when it may go on") {
  World world;
  auto client = world.Connect();
  client->Block(std::make_unique<NoReply>(), 0);
  world.Send(*client, "ECHO a\r\n");
  world.EndTurn();
  world.Send(*client, "ECHO b\r\n");
  world.EndTurn();
  world.inbox.Resume(*client);  // it still waits
  world.EndTurn();
  CHECK(World::TakeReplies(*client).empty());
  client->Unblock();
  world.inbox.Resume(*client);
  world.EndTurn();
  CHECK(World::TakeReplies(*client) == "$1\r\na\r\n$1\r\nb\r\n");
}

TEST_CASE("inbox: more connections than the arena has room for: the batch runs in between") {
  World world;
  std::vector<std::unique_ptr<Client>> clients;
  constexpr size_t kClients = 2 * Inbox::kArenaBytes / Inbox::kReadBytes;
  const std::string value(Inbox::kReadBytes - 40, 'x');
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(world.Connect());
    world.Send(*clients.back(),
               "*2\r\n$4\r\nECHO\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
  }
  CHECK(world.ran.size() > 0);
  world.EndTurn();
  CHECK(world.ran.size() == kClients);
  for (auto& client : clients) CHECK(World::TakeReplies(*client).size() > value.size());
}

TEST_CASE("inbox: one request that is over the limit is refused, and the log says whose it was") {
  IdleNetwork network;
  client::ChunkPool pool;
  World world;
  world.limits.client_query_buffer_limit_bytes = 1000;
  Client client(1, world, network.Connect(), pool, 0);
  world.Send(client, "*2\r\n$4\r\nECHO\r\n$2000\r\n" + std::string(900, 'x'));
  world.EndTurn();
  CHECK(world.stats.query_buffer_disconnections == 0);
  CHECK_FALSE(world.Read(client, std::string(101, 'x')));
  CHECK(world.stats.query_buffer_disconnections == 1);
}

}  // namespace
}  // namespace corral::dispatch
