// What messages take on their way from the worker of one client to another's, and its bound.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace corral::client {

// The memory of messages on their way from one worker to another. It is in no client's output yet, so no
// limit of a client counts it. Eviction does not count it either: clients are told of evicted keys by such
// messages, which would evict more keys, and so on to the last. The senders keep the bound: a worker holds
// back clients whose commands send messages until other workers have delivered. Delivering waits for nobody,
// so workers that send to each other cannot block each other.
//
// Any thread.
class Transit {
 public:
  // Beyond it one request of each client may still add its messages.
  static constexpr uint64_t kMostBytes = 16 * 1024 * 1024;

  // For each worker, before the threads start. `wake` makes it ask HoldsBack again; any thread calls it.
  void AddWorker(std::function<void()> wake) { wakes_.push_back(std::move(wake)); }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  bool full() const { return bytes() >= kMostBytes; }
  void Add(uint64_t bytes) { bytes_.fetch_add(bytes); }
  void Remove(uint64_t bytes) {
    const uint64_t left = bytes_.fetch_sub(bytes) - bytes;
    if (left >= kMostBytes || !awaited_.load() || !awaited_.exchange(false)) return;
    for (const auto& wake : wakes_) wake();
  }
  // Whether clients have to wait. If so, their worker will be woken when they need no longer.
  bool HoldsBack() {
    if (!full()) return false;
    awaited_ = true;
    // Whoever removed the last of it before he could see that somebody waits, did so before this look.
    return bytes_.load() >= kMostBytes;
  }

 private:
  std::atomic<uint64_t> bytes_{0};
  std::atomic<bool> awaited_{false};
  std::vector<std::function<void()>> wakes_;
};

}  // namespace corral::client
