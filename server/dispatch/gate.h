// The gate between workers. All run commands as its readers; a command that must run while all others stand
// still is its writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace corral::dispatch {

// Entering costs a store to the worker's own cache line and a load of a shared one that hardly ever changes.
// A writer waits until every other worker has left, at its next command boundary or because it sleeps in its
// loop. With one worker nothing is synchronised. (An asymmetric readers-writer lock; the stores are
// sequentially consistent, so that a reader that missed the writer's flag is seen by the writer.)
class Gate {
 public:
  explicit Gate(size_t workers);

  // Reader side; one thread per index. Enter waits while a writer is inside.
  void Enter(size_t worker);
  void Leave(size_t worker);
  // Asked between two commands: if true, Leave and Enter again.
  bool WriterWaits() const { return concurrent_ && writer_.load(std::memory_order_relaxed) != 0; }

  // Made by a worker that has entered; it is inside again when the scope ends. Other writers may run before
  // the constructor returns.
  class Exclusive {
   public:
    Exclusive(Gate& gate, size_t worker);
    ~Exclusive();
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    Gate& gate_;
    size_t worker_;
  };

 private:
  struct alignas(64) Slot {
    std::atomic<uint32_t> inside{0};
  };

  const size_t workers_;
  const bool concurrent_;
  std::unique_ptr<Slot[]> slots_;
  alignas(64) std::atomic<uint32_t> writer_{0};
  std::mutex writers_;  // one writer at a time
};

}  // namespace corral::dispatch
