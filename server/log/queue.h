// Lines of the log on their way to a sink that may be slow or stuck: a thread writes them, nobody waits for
// it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "server/log/line.h"

namespace corral::log {

// Any thread may call anything. What finds no room, and what the sink refuses, is counted; the number stands
// in the log where the lines would have stood, as soon as something can be written again.
class Queue {
 public:
  // Writes a line, however long that takes; false when it is lost. Called on the queue's thread alone.
  using Sink = std::function<bool(const Line&)>;
  // The line that says how many were lost.
  using Notice = std::function<Line(uint64_t lost)>;

  Queue(size_t most_bytes, Sink sink, Notice notice);
  // The thread may be stuck in the sink for ever: it is left alone, with what it needs.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void Push(Line line);

  // Waits until all that was pushed is written or lost; false when that takes longer than `timeout_ms`.
  bool Flush(int timeout_ms);

  // Lines that are neither written nor lost yet. Safe inside a signal.
  uint64_t pending() const;

 private:
  struct Waiting {
    Line line;
    uint64_t lost_before;  // lines that found no room before this one
  };

  // Shared with the thread, which may outlive the queue.
  struct State {
    size_t most_bytes;
    Sink sink;
    Notice notice;
    std::mutex mutex;
    std::condition_variable work, idle;
    std::deque<Waiting> lines;
    size_t bytes = 0;
    uint64_t lost = 0;  // since the last line that found room, or that the sink took
    std::atomic<uint64_t> pending{0};
    bool stopping = false;
  };

  static void Run(State& state);
  static void WriteOne(State& state, std::unique_lock<std::mutex>& lock);
  static void SayLost(State& state, std::unique_lock<std::mutex>& lock);

  std::shared_ptr<State> state_;
};

}  // namespace corral::log
