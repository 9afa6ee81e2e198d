// The queue of the log in front of a sink that is stuck, refuses, or works.
#include "server/log/queue.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace corral::log {
namespace {

// Keeps what it is given, once it is let.
class Sink {
 public:
  bool Take(const Line& line) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (refusing_) return false;
    lines_.push_back(line.text);
    return true;
  }
  void Open(bool open) {
    std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void Refuse(bool refusing) {
    std::lock_guard lock(mutex_);
    refusing_ = refusing;
  }
  void WaitUntilStuck() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return arrived_ > 0; });
  }
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  int arrived_ = 0;
  bool open_ = true, refusing_ = false;
};

Line Text(std::string text) { return {.level = Level::kNotice, .text = std::move(text), .message_begin = 0}; }

Line Lost(uint64_t lost) { return Text("lost " + std::to_string(lost)); }

constexpr int kLongMs = 20'000;

TEST_SUITE("threaded") {
  TEST_CASE("log queue: lines come out in order") {
    Sink sink;
    Queue queue(
        1000, [&](const Line& line) { return sink.Take(line); }, Lost);
    for (const char* text : {"a", "b", "c"}) queue.Push(Text(text));
    REQUIRE(queue.Flush(kLongMs));
    CHECK(sink.lines() == std::vector<std::string>{"a", "b", "c"});
    CHECK(queue.pending() == 0);
  }

  TEST_CASE(
      "log queue: a stuck sink holds nobody up, and what found no room is counted where it would stand") {
    Sink sink;
    sink.Open(false);
    Queue queue(
        10, [&](const Line& line) { return sink.Take(line); }, Lost);
    for (int i = 0; i < 100; ++i) queue.Push(Text("0123456789"));
    sink.WaitUntilStuck();
    CHECK_FALSE(queue.Flush(1));
    CHECK(queue.pending() == 1);
    sink.Open(true);
    REQUIRE(queue.Flush(kLongMs));
    queue.Push(Text("later"));
    REQUIRE(queue.Flush(kLongMs));
    CHECK(sink.lines() == std::vector<std::string>{"0123456789", "lost 99", "later"});
  }

  TEST_CASE("log queue: what the sink refuses is counted until it takes something") {
    Sink sink;
    sink.Refuse(true);
    Queue queue(
        1000, [&](const Line& line) { return sink.Take(line); }, Lost);
    for (int i = 0; i < 5; ++i) queue.Push(Text("x"));
    REQUIRE(queue.Flush(kLongMs));
    CHECK(sink.lines().empty());
    sink.Refuse(false);
    queue.Push(Text("y"));
    REQUIRE(queue.Flush(kLongMs));
    CHECK(sink.lines() == std::vector<std::string>{"lost 5", "y"});
  }

  TEST_CASE("log queue: many threads lose nothing while there is room") {
    Sink sink;
    Queue queue(
        1'000'000, [&](const Line& line) { return sink.Take(line); }, Lost);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) queue.Push(Text("x"));
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(queue.Flush(kLongMs));
    CHECK(sink.lines().size() == 2000);
  }
}

}  // namespace
}  // namespace corral::log
