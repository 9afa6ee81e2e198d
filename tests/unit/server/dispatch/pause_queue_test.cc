// What a pause held back runs in order of arrival, whichever worker has it.
#include "server/dispatch/pause_queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace corral::dispatch {
namespace {

TEST_CASE("workers take turns in order of arrival") {
  PauseQueue queue;
  std::vector<size_t> told;
  for (size_t worker = 0; worker < 2; ++worker) {
    queue.AddWorker([&told, worker] { told.push_back(worker); });
  }
  CHECK(queue.empty());
  queue.Add(1, 10);
  queue.Add(0, 20);
  queue.Add(0, 30);
  queue.Add(1, 40);
  CHECK_FALSE(queue.Next(0));  // the pause lasts
  CHECK(told.empty());
  queue.Open();
  CHECK_FALSE(queue.Next(0));
  CHECK(told == std::vector<size_t>{1});
  CHECK_FALSE(queue.Next(0));  // it is the other's turn still, and it knows
  CHECK(told.size() == 1);
  CHECK(queue.Next(1) == 10);
  CHECK_FALSE(queue.Next(0));  // 10 has not run yet
  CHECK_FALSE(queue.Next(1));
  CHECK(told == std::vector<size_t>{1, 0});
  CHECK(queue.Next(0) == 20);
  queue.Add(0, 20);  // held again, by a pause that goes on
  CHECK(queue.Next(0) == 30);
  CHECK_FALSE(queue.Next(0));
  CHECK(queue.Next(1) == 40);
  CHECK_FALSE(queue.Next(1));
  CHECK_FALSE(queue.empty());
  CHECK_FALSE(queue.Next(0));
  queue.Open();
  CHECK(queue.Next(0) == 20);
  CHECK(queue.empty());
}

TEST_CASE("of several threads one runs at a time, in order" * doctest::test_suite("threaded")) {
  constexpr size_t kWorkers = 3;
  constexpr uint64_t kClients = 3000;
  PauseQueue queue;
  std::atomic<int> signals[kWorkers]{};
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    queue.AddWorker([&signals, worker] { signals[worker].fetch_add(1); });
  }
  for (uint64_t id = 0; id < kClients; ++id) queue.Add(id * id % 7 % kWorkers, id);
  queue.Open();
  std::vector<uint64_t> ran;  // unguarded: the turn is the guard
  std::atomic<uint64_t> done{0};
  std::vector<std::thread> threads;
  signals[1] = 1;
  for (size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      while (done.load() < kClients) {
        if (signals[worker].exchange(0) == 0) {
          std::this_thread::yield();
          continue;
        }
        while (std::optional<uint64_t> id = queue.Next(worker)) {
          ran.push_back(*id);
          done.fetch_add(1);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(ran.size() == kClients);
  for (uint64_t id = 0; id < kClients; ++id) CHECK(ran[id] == id);
}

}  // namespace
}  // namespace corral::dispatch
