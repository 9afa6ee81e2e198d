// What the process has allocated, from the allocator's own per-thread counters: no cost per command.
#pragma once

#include <atomic>
#include <cstdint>

namespace corral::storage {

// Each thread that allocates for the keyspace calls Publish now and then (a worker: after each command that
// wrote, and at the end of a batch); the sum over threads is used_memory. Reading costs one atomic load plus
// the calling thread's unpublished part, so on `threads 1` it is exact.
class MemoryMeter {
 public:
  static void Publish();       // adds this thread's change since its last Publish to the total
  static int64_t UsedBytes();  // total + this thread's unpublished part
  static int64_t PeakBytes();  // highest UsedBytes that a Publish saw
  static void ResetPeak();
  // Bytes that the calling thread has freed since it started; 0 in sanitizer builds. Counts up.
  static uint64_t FreedByThread();
};

// Allocator statistics for INFO, MEMORY STATS, MEMORY PURGE, MALLOC-STATS; all in bytes. Slow: an allocator
// epoch.
struct AllocatorStats {
  uint64_t allocated = 0, active = 0, resident = 0, retained = 0, mapped = 0;
};
AllocatorStats ReadAllocatorStats();
void PurgeAllocator();  // gives unused dirty pages back to the system
// Purges if free pages that the system could have exceed both a quarter of what is in use and 64 MB. For a
// thread that nobody waits for.
void PurgeAllocatorIfWasteful();
// The allocator's own threads, which give dirty pages back while the process is idle (jemalloc-bg-thread).
void SetAllocatorBackgroundThread(bool enabled);
const char* AllocatorName();  // "jemalloc-5.3.0", or "libc" in sanitizer builds

}  // namespace corral::storage
