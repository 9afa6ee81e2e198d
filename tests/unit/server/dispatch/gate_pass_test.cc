// A writer waits for one step of a turn, not for its end.
#include "server/dispatch/gate_pass.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace corral::dispatch {
namespace {

TEST_CASE("gate pass: it enters once, and leaves once") {
  Gate gate(2);
  GatePass pass(gate, 0);
  CHECK_FALSE(pass.inside());
  pass.Leave();
  CHECK(pass.Enter());
  CHECK_FALSE(pass.Enter());
  CHECK(pass.inside());
  pass.Leave();
  CHECK_FALSE(pass.inside());
}

TEST_CASE("gate pass: nobody waits, nothing is given up") {
  Gate gate(2);
  GatePass pass(gate, 0);
  pass.Enter();
  CHECK_FALSE(pass.GiveWay());
  pass.Leave();
}

TEST_CASE("gate pass: a writer is let in within the turn, and everything it did is seen behind it" *
          doctest::test_suite("threaded")) {
  Gate gate(2);
  GatePass turn(gate, 0);
  for (int round = 0; round < 200; ++round) {
    CHECK(turn.Enter());
    int written = 0;  // by the writer, read by the turn without more than the gate between them
    std::thread writer([&] {
      GatePass own(gate, 1);
      own.Enter();
      {
        Gate::Exclusive alone(gate, 1);
        written = 1;
      }
      own.Leave();
    });
    while (!turn.GiveWay()) std::this_thread::yield();
    CHECK(written == 1);
    CHECK(turn.inside());
    turn.Leave();
    writer.join();
  }
}

}  // namespace
}  // namespace corral::dispatch
