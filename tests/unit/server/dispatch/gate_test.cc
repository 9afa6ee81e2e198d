// The gate: a writer is alone, readers are not, and nobody waits for ever.
#include "server/dispatch/gate.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace corral::dispatch {
namespace {

TEST_CASE("with one worker the gate is none") {
  Gate gate(1);
  gate.Enter(0);
  CHECK_FALSE(gate.WriterWaits());
  {
    Gate::Exclusive alone(gate, 0);
    CHECK_FALSE(gate.WriterWaits());
  }
  gate.Leave(0);
}

// Plain memory stands for the world: a sanitizer sees a writer that is not alone, and an end that does not
// come is a wake-up that was lost.
TEST_CASE("a writer is alone" * doctest::test_suite("threaded")) {
  constexpr size_t kWorkers = 4;
  constexpr int kTurns = 3000;
  Gate gate(kWorkers);
  int world = 0;
  std::atomic<int> inside{0};
  std::atomic<bool> disturbed{false};
  std::vector<std::thread> threads;
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      int seen = 0;
      for (int turn = 0; turn < kTurns; ++turn) {
        gate.Enter(worker);
        inside.fetch_add(1);
        for (int command = 0; command < 4; ++command) {
          if (world < seen) disturbed = true;
          seen = world;
          if (gate.WriterWaits()) {
            inside.fetch_sub(1);
            gate.Leave(worker);
            gate.Enter(worker);
            inside.fetch_add(1);
          }
        }
        if (turn % 16 == static_cast<int>(worker)) {
          inside.fetch_sub(1);
          {
            Gate::Exclusive alone(gate, worker);
            if (inside.load() != 0) disturbed = true;
            ++world;
          }
          inside.fetch_add(1);
        }
        inside.fetch_sub(1);
        gate.Leave(worker);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(disturbed);
  int writes = 0;
  for (int worker = 0; worker < static_cast<int>(kWorkers); ++worker) {
    for (int turn = 0; turn < kTurns; ++turn) writes += turn % 16 == worker;
  }
  CHECK(world == writes);
}

}  // namespace
}  // namespace corral::dispatch
