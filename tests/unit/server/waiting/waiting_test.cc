// The waiting room with a user of several keys: who is served, in which order, and that nothing is lost.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"
#include "tests/unit/server/waiting/blocking_lists.h"

namespace corral::waiting {
namespace {

using Popper = BlockingLists::Popper;

TEST_CASE("waiting: in order of arrival, whatever other keys are waited for") {
  BlockingLists lists(3);
  PaperLoop loop(false);
  Popper first(lists, loop.mailbox, {0, 1}), second(lists, loop.mailbox, {1}),
      third(lists, loop.mailbox, {1, 2});
  for (Popper* popper : {&first, &second, &third}) lists.Pop(*popper);
  for (int element = 1; element <= 4; ++element) lists.Push(1, element);
  CHECK_FALSE(first.delivered);  // told in a turn of its worker
  while (loop.RunJobs()) {
  }
  CHECK(first.element == 1);
  CHECK(second.element == 2);
  CHECK(third.element == 3);
  CHECK(third.delivered);
  CHECK(lists.left() == 1);
  CHECK(lists.queued() == 0);
}

TEST_CASE("waiting: a waiter is claimed once, and not after it left") {
  BlockingLists lists(2);
  PaperLoop loop(false);
  auto gone = std::make_unique<Popper>(lists, loop.mailbox, std::vector<size_t>{0, 1});
  Popper both(lists, loop.mailbox, {0, 1}), last(lists, loop.mailbox, {1});
  lists.Pop(*gone);
  lists.Pop(both);
  lists.Pop(last);
  gone.reset();
  lists.Push(0, 1);
  lists.Push(1, 2);  // both is served already, though it stands in front
  while (loop.RunJobs()) {
  }
  CHECK(both.element == 1);
  CHECK(last.element == 2);
  CHECK_FALSE(last.Claim());
  CHECK_FALSE(last.Withdraw());
}

TEST_CASE("waiting: one that was claimed and leaves is not delivered") {
  BlockingLists lists(1);
  PaperLoop loop(false);
  Popper popper(lists, loop.mailbox, {0});
  lists.Pop(popper);
  lists.Push(0, 7);
  lists.Leave(popper);
  while (loop.RunJobs()) {
  }
  CHECK_FALSE(popper.delivered);
  CHECK(popper.element == 7);  // its end answers with it
}

TEST_CASE("waiting: wakes in slices") {
  BlockingLists lists(1);
  PaperLoop loop(false);
  std::vector<std::unique_ptr<Popper>> poppers;
  for (int i = 0; i < 100; ++i) {
    poppers.push_back(std::make_unique<Popper>(lists, loop.mailbox, std::vector<size_t>{0}));
    lists.Pop(*poppers.back());
  }
  for (int i = 0; i < 100; ++i) lists.Push(0, i);
  size_t turns = 0;
  for (; loop.RunJobs(); ++turns) {
    size_t awake = 0;
    while (awake < poppers.size() && poppers[awake]->delivered) ++awake;
    CHECK(awake == std::min(poppers.size(), (turns + 1) * Mailbox::kSlice));
  }
  CHECK(turns == (100 + Mailbox::kSlice - 1) / Mailbox::kSlice);
}

constexpr size_t kKeys = 4, kThreads = 4;

// Waits on one key or two, gives up now and then, and pushes on others' account.
void RunWorker(BlockingLists& lists, PaperLoop& loop, uint64_t seed, std::atomic<int>* next,
               std::vector<int>* taken, int* lost) {
  storage::Random random(seed);
  std::vector<std::unique_ptr<Popper>> poppers(6);
  // Every element is taken once, by who was delivered or by who left while it was on its way.
  const auto collect = [&](std::unique_ptr<Popper>& popper) {
    if (!popper) return;
    lists.Leave(*popper);
    if (popper->element != Popper::kNothing) taken->push_back(popper->element);
    *lost += popper->delivered && popper->element == Popper::kNothing;
    popper.reset();
  };
  for (int step = 0; step < 8000; ++step) {
    auto& popper = poppers[random.Below(poppers.size())];
    const size_t key = random.Below(kKeys);
    switch (random.Below(4)) {
      case 0:
        loop.RunJobs();
        break;
      case 1:
        lists.Push(key, next->fetch_add(1));
        break;
      case 2:
        if (!popper) {
          std::vector<size_t> keys = {key};
          if (key + 1 < kKeys) keys.push_back(key + 1);
          popper = std::make_unique<Popper>(lists, loop.mailbox, keys);
          lists.Pop(*popper);
        } else if (popper->delivered) {
          collect(popper);
        }
        break;
      default:
        if (random.Below(4) == 0) collect(popper);
    }
  }
  for (auto& popper : poppers) collect(popper);
}

TEST_CASE("waiting: claims, ends and closes at once lose nothing" * doctest::test_suite("threaded")) {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  BlockingLists lists(kKeys);
  std::vector<std::unique_ptr<PaperLoop>> loops;
  for (size_t i = 0; i < kThreads; ++i) loops.push_back(std::make_unique<PaperLoop>(true));
  std::atomic<int> next{0};
  std::vector<int> taken[kThreads];
  int lost[kThreads] = {};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { RunWorker(lists, *loops[i], seed + i, &next, &taken[i], &lost[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int> all;
  for (size_t i = 0; i < kThreads; ++i) {
    CHECK(lost[i] == 0);
    all.insert(all.end(), taken[i].begin(), taken[i].end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(all.size() + lists.left() == static_cast<size_t>(next.load()));
  CHECK(all.size() > 1000);
  CHECK(lists.queued() == 0);
}

}  // namespace
}  // namespace corral::waiting
