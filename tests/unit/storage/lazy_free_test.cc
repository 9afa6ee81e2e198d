#include "storage/lazy_free.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace corral::storage {
namespace {

struct Counted : Garbage {
  Counted(std::atomic<int>* freed, size_t objects, std::atomic<bool>* gate = nullptr)
      : freed(freed), count(objects), gate(gate) {}
  ~Counted() override {
    if (gate != nullptr) gate->wait(false);
    freed->fetch_add(1);
  }
  size_t objects() const override { return count; }

  std::atomic<int>* freed;
  size_t count;
  std::atomic<bool>* gate;
};

TEST_CASE("garbage is freed on another thread and counted" * doctest::test_suite("threaded")) {
  std::atomic<int> freed{0};
  std::atomic<bool> gate{false};
  LazyFree lazy_free;
  lazy_free.Submit(std::make_unique<Counted>(&freed, 5, &gate));
  lazy_free.Submit(std::make_unique<Counted>(&freed, 7));
  CHECK(freed == 0);  // Submit does not wait
  CHECK(lazy_free.pending_objects() == 12);
  CHECK(lazy_free.freed_objects() == 0);
  gate = true;
  gate.notify_all();
  lazy_free.Drain();
  CHECK(freed == 2);
  CHECK(lazy_free.pending_objects() == 0);
  CHECK(lazy_free.freed_objects() == 12);
  lazy_free.ResetFreed();
  CHECK(lazy_free.freed_objects() == 0);
  lazy_free.Drain();  // nothing there: returns
}

TEST_CASE("the destructor frees what is left") {
  std::atomic<int> freed{0};
  {
    LazyFree lazy_free;
    for (int i = 0; i < 1000; ++i) lazy_free.Submit(std::make_unique<Counted>(&freed, 1));
  }
  CHECK(freed == 1000);
}

TEST_CASE("many threads submit and drain at once" * doctest::test_suite("threaded")) {
  std::atomic<int> freed{0};
  LazyFree lazy_free;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        lazy_free.Submit(std::make_unique<Counted>(&freed, 2));
        if (i % 100 == 0) lazy_free.Drain();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  lazy_free.Drain();
  CHECK(freed == 2000);
  CHECK(lazy_free.freed_objects() == 4000);
  CHECK(lazy_free.pending_objects() == 0);
}

TEST_CASE("a buffer that others hold is only let go of") {
  LazyFree lazy_free;
  const SharedBytes held = SharedBytes::Allocate(LazyFree::kSlowBytes);
  lazy_free.Discard(held);
  CHECK(held.unique());  // at once, for there was nothing to free
  lazy_free.Discard(SharedBytes());
  lazy_free.Discard(SharedBytes::Allocate(LazyFree::kSlowBytes));
  lazy_free.Discard(SharedBytes::Allocate(100));
  lazy_free.Drain();
  CHECK(lazy_free.freed_objects() == 0);
  lazy_free.Submit(SharedBytes::Allocate(100), 1);
  lazy_free.Drain();
  CHECK(lazy_free.freed_objects() == 1);
}

}  // namespace
}  // namespace corral::storage
