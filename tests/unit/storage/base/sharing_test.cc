// What threads share is whole among several, and plain with one.
#include "storage/base/sharing.h"

#include <doctest/doctest.h>

#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace corral::storage {
namespace {

TEST_CASE("sharing: with one thread no lock is held, however often it is taken") {
  SharedMutex mutex(false);
  std::lock_guard first(mutex);
  std::lock_guard second(mutex);
  std::shared_lock third(mutex);
  CHECK(third.owns_lock());
}

TEST_CASE("sharing: a counter goes up, down and to zero, with and without atomic additions") {
  for (bool concurrent : {false, true}) {
    SharedCounter counter;
    counter.Add(5, concurrent);
    counter.Add(-2, concurrent);
    CHECK(counter.value() == 3);
    counter.Clear();
    CHECK(counter.value() == 0);
  }
}

TEST_SUITE("threaded") {
  TEST_CASE("sharing: writers are alone, readers see whole changes, and no addition is lost") {
    constexpr int kThreads = 4, kRounds = 2000;
    SharedMutex mutex(true);
    SharedCounter counter;
    int left = 0, right = 0;  // equal but for a writer
    bool torn = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          counter.Add(1, true);
          {
            std::lock_guard writing(mutex);
            ++left;
            ++right;
          }
          bool differ;
          {
            std::shared_lock reading(mutex);
            differ = left != right;
          }
          if (differ) {
            std::lock_guard writing(mutex);
            torn = true;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK_FALSE(torn);
    CHECK(left == kThreads * kRounds);
    CHECK(counter.value() == kThreads * kRounds);
  }
}

}  // namespace
}  // namespace corral::storage
