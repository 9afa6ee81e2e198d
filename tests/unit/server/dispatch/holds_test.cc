// Who may not go on keeps what it sends, and runs it once it may.
#include "server/dispatch/holds.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/net/event_loop.h"
#include "tests/unit/server/dispatch/holds_world.h"

namespace corral::dispatch {
namespace {

using client::Client;
using client::WaitEnd;

TEST_CASE("holds: a wait ends at its deadline, and what arrived behind it runs then") {
  HoldsWorld world;
  Client& client = world.Connect();
  client.Block(std::make_unique<ToldWait>(), 5000);
  world.holds.BeginWait(client);
  world.Arrive(client, "PING\r\n");
  CHECK(world.holds.next_due_ms() == 5000);
  world.holds.RunDue(4999);
  world.inbox.Run();
  CHECK(HoldsWorld::TakeReplies(client).empty());
  CHECK(world.holds.due(5000));
  world.holds.RunDue(5000);
  world.inbox.Run();
  CHECK(HoldsWorld::TakeReplies(client) == "+TIMEOUT\r\n+PONG\r\n");
  CHECK(world.holds.next_due_ms() == INT64_MAX);
}

TEST_CASE("holds: thousands of waits that end together end in several turns") {
  HoldsWorld world;
  std::vector<Client*> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(&world.Connect());
    all.back()->Block(std::make_unique<ToldWait>(), 5000);
    world.holds.BeginWait(*all.back());
  }
  int turns = 0;
  for (; world.holds.due(5000); ++turns) world.holds.RunDue(5000);
  CHECK(turns > 10);
  for (Client* client : all) CHECK(HoldsWorld::TakeReplies(*client) == "+TIMEOUT\r\n");
}

TEST_CASE("holds: an answer, an order to end and a client that goes away leave no deadline behind") {
  HoldsWorld world;
  Client& answered = world.Connect();
  Client& ended = world.Connect();
  Client& gone = world.Connect();
  for (Client* client : {&answered, &ended, &gone}) {
    client->Block(std::make_unique<ToldWait>(), 5000);
    world.holds.BeginWait(*client);
  }
  answered.reply.Simple("OK");
  world.holds.WaitAnswered(answered);
  world.holds.EndWait(ended, WaitEnd::kError);
  world.connections.Close(gone);
  CHECK(world.holds.next_due_ms() == INT64_MAX);
  CHECK(HoldsWorld::TakeReplies(answered) == "+OK\r\n");
  CHECK(HoldsWorld::TakeReplies(ended) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  CHECK_FALSE(answered.blocked());
  CHECK_FALSE(ended.blocked());
}

TEST_CASE("holds: input ends the waits that it is to end, whether it comes later or has come already") {
  HoldsWorld world;
  Client& early = world.Connect();
  early.Block(std::make_unique<ToldWait>(true), 5000);
  early.input = "PI";
  world.holds.BeginWait(early);
  CHECK_FALSE(early.blocked());
  CHECK(HoldsWorld::TakeReplies(early) == "+TIMEOUT\r\n");
  Client& late = world.Connect();
  late.Block(std::make_unique<ToldWait>(true), 5000);
  world.holds.BeginWait(late);
  CHECK(late.blocked());
  world.holds.InputArrived(late);
  CHECK_FALSE(late.blocked());
  Client& other = world.Connect();
  other.Block(std::make_unique<ToldWait>(), 5000);
  world.holds.BeginWait(other);
  world.holds.InputArrived(other);
  CHECK(other.blocked());
}

TEST_CASE("holds: a pause that ends by itself lets go in the order of arrival, some in each turn") {
  HoldsWorld world;
  const int64_t now_ms = net::EventLoop::MonotonicMs();
  world.clients.Pause(client::PauseMode::kAll, now_ms + 3'600'000);
  std::vector<Client*> all;
  for (int i = 0; i < 600; ++i) {
    all.push_back(&world.Connect());
    all.back()->turn.paused = true;
    all.back()->pending_input.Assign("APPEND order " + std::to_string(i) + ".\r\n");
    world.holds.HoldForPause(*all.back());
  }
  CHECK(world.holds.next_due_ms() == now_ms + 3'600'000);
  CHECK_FALSE(world.holds.EndPause());
  world.clients.Unpause();
  REQUIRE(world.holds.EndPause());
  CHECK_FALSE(world.holds.ResumePaused());
  CHECK_FALSE(world.holds.ResumePaused());
  CHECK(world.holds.ResumePaused());
  std::string order;
  for (int i = 0; i < 600; ++i) order += std::to_string(i) + ".";
  Client& reader = world.Connect();
  world.Arrive(reader, "GET order\r\n");
  world.inbox.Run();
  CHECK(HoldsWorld::TakeReplies(reader) == "$" + std::to_string(order.size()) + "\r\n" + order + "\r\n");
}

TEST_CASE("holds: who sent too many messages goes on once fewer of them are in transit") {
  HoldsWorld world;
  Client& sender = world.Connect();
  world.clients.transit().Add(client::Transit::kMostBytes);
  sender.turn.held_back = sender.turn.sent_messages = true;
  sender.pending_input.Assign("PING\r\n");
  world.holds.HoldForTransit(sender);
  world.holds.LetAllGo();
  CHECK(sender.turn.held_back);
  world.clients.transit().Remove(1);
  world.holds.LetAllGo();
  CHECK_FALSE(sender.turn.held_back);
  world.inbox.Run();
  CHECK(HoldsWorld::TakeReplies(sender) == "+PONG\r\n");
  CHECK_FALSE(world.holds.LetGo(sender));
}

}  // namespace
}  // namespace corral::dispatch
