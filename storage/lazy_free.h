// One background thread that frees big values and whole tables, so that no command waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "storage/base/shared_bytes.h"

namespace corral::storage {

// Something that is unreachable for everybody else; its destructor does the work, on the background thread.
struct Garbage {
  virtual ~Garbage() = default;
  // How many keys or values that were to be freed in the background go with it (INFO's lazyfree counters).
  virtual size_t objects() const { return 0; }
};

// Thread-safe. The thread sleeps while there is nothing to free.
class LazyFree {
 public:
  LazyFree();
  ~LazyFree();  // frees what is still there, then ends the thread
  LazyFree(const LazyFree&) = delete;
  LazyFree& operator=(const LazyFree&) = delete;

  // From here on freeing memory takes longer than a command may.
  static constexpr size_t kSlowBytes = SharedBytes::kReturnedBytes;

  void Submit(std::unique_ptr<Garbage> garbage);
  void Submit(SharedBytes bytes, size_t objects);
  // Frees a buffer although no client asked for the background: here when that is quick, else in the
  // background all the same.
  void Discard(SharedBytes bytes) {
    if (bytes && bytes.capacity() >= kSlowBytes && bytes.unique()) [[unlikely]]
      Submit(std::move(bytes), 0);
  }
  size_t pending_objects() const;  // submitted and not yet freed
  uint64_t freed_objects() const;  // since start or ResetFreed
  void ResetFreed();
  void Drain();  // returns when everything submitted before the call is freed

 private:
  void Run();

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<std::unique_ptr<Garbage>> queue_;
  uint64_t submitted_ = 0;  // garbage handed in and done with: Drain waits for done_ to reach what it saw
  uint64_t done_ = 0;
  bool stopping_ = false;
  std::atomic<size_t> pending_objects_{0};
  std::atomic<uint64_t> freed_objects_{0};
  std::thread thread_;
};

}  // namespace corral::storage
