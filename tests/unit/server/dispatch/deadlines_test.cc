// Deadlines of blocked clients: in order of time, and gone with the wait.
#include "server/dispatch/deadlines.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

namespace corral::dispatch {
namespace {

using client::Client;

class NoWorker final : public client::ClientOwner {
 public:
  void Visit(uint64_t, std::function<void(Client&)>) override {}
  void WaitAnswered(Client&) override {}
};

class ForAnything final : public client::Wait {
 public:
  void ReplyTimeout(protocol::ReplyWriter&) override {}
};

struct Blocked {
  Blocked(uint64_t id, int64_t deadline_ms) : client(id, owner, net::Stream::Handle(), pool, 0) {
    client.Block(std::make_unique<ForAnything>(), deadline_ms);
  }
  NoWorker owner;
  client::ChunkPool pool;
  Client client;
};

TEST_CASE("deadlines: those that have come are taken in order of time, one by one") {
  Deadlines deadlines;
  Blocked late(1, 300), first(2, 100), second(3, 200), also_second(4, 200);
  for (Blocked* blocked : {&late, &first, &second, &also_second}) deadlines.Add(blocked->client);
  CHECK(deadlines.next_ms() == 100);
  CHECK_FALSE(deadlines.TakeDue(99));
  CHECK(deadlines.TakeDue(200) == 2);
  CHECK(deadlines.TakeDue(200) == 3);
  CHECK(deadlines.TakeDue(200) == 4);
  CHECK_FALSE(deadlines.TakeDue(200));
  CHECK(deadlines.next_ms() == 300);
}

TEST_CASE("deadlines: a wait that ended before is not in it, and one without end never was") {
  Deadlines deadlines;
  Blocked endless(1, 0), answered(2, 100);
  deadlines.Add(endless.client);
  CHECK(deadlines.size() == 0);
  CHECK(deadlines.next_ms() == Deadlines::kNever);
  deadlines.Add(answered.client);
  deadlines.Forget(endless.client);
  CHECK(deadlines.size() == 1);
  deadlines.Forget(answered.client);
  CHECK(deadlines.size() == 0);
  CHECK_FALSE(deadlines.TakeDue(INT64_MAX - 1));
}

}  // namespace
}  // namespace corral::dispatch
