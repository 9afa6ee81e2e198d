// The connections that CLIENT PAUSE holds back, in the order in which their commands arrived.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace corral::dispatch {

// When a pause ends, the commands that it held back run in the order in which workers met them, over all
// workers: the next one is handed out only when the worker that has the last one asks again, which it does
// when that one has run. Between two of them commands that were never held back may run.
//
// Any worker's thread; a leaf lock, which is taken for held commands only.
class PauseQueue {
 public:
  // For each worker, before the threads start. `resume` makes it call Next soon; any thread calls it.
  void AddWorker(std::function<void()> resume) { resume_.push_back(std::move(resume)); }

  void Add(size_t worker, uint64_t client_id);
  bool empty() const { return size_.load(std::memory_order_relaxed) == 0; }

  // Lets go whoever is held now; who is held again, by a pause that goes on, queues anew.
  void Open();
  // The client of this worker whose command is next, after the last one that it was given has run. None: it
  // is another worker's turn, which has been told, or nobody's.
  std::optional<uint64_t> Next(size_t worker);

 private:
  struct Held {
    uint64_t arrival;
    size_t worker;
    uint64_t client_id;
  };
  static constexpr size_t kNobody = SIZE_MAX;

  std::mutex mutex_;
  std::deque<Held> held_;
  uint64_t arrivals_ = 0;
  uint64_t open_ = 0;      // arrivals below this one may go
  size_t turn_ = kNobody;  // the worker that hands out: no other does
  std::atomic<size_t> size_{0};
  std::vector<std::function<void()>> resume_;
};

}  // namespace corral::dispatch
