#include "storage/memory_meter.h"

#if CORRAL_SANITIZED
#include <malloc.h>

// Of the sanitizer's own allocator, if one is linked in.
extern "C" __attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes();
#else
#include <jemalloc/jemalloc.h>
#endif

#include <algorithm>
#include <string>

namespace corral::storage {

namespace {

// Whoever asks for the sum with so much of its own unpublished publishes first: writers ask before each
// write, so what the others do not see of a thread stays below this and one command's.
[[maybe_unused]] constexpr int64_t kPublishStepBytes = 64 * 1024;
std::atomic<int64_t> total_bytes{0};
std::atomic<int64_t> peak_bytes{0};

void RaisePeak(int64_t bytes) {
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (peak < bytes && !peak_bytes.compare_exchange_weak(peak, bytes, std::memory_order_relaxed)) {
  }
}

}  // namespace

int64_t MemoryMeter::PeakBytes() { return std::max(peak_bytes.load(std::memory_order_relaxed), UsedBytes()); }

void MemoryMeter::ResetPeak() { peak_bytes.store(UsedBytes(), std::memory_order_relaxed); }

#if CORRAL_SANITIZED

// One figure for the whole process, always current: nothing to publish but the peak.

void MemoryMeter::Publish() { RaisePeak(UsedBytes()); }

int64_t MemoryMeter::UsedBytes() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    return static_cast<int64_t>(__sanitizer_get_current_allocated_bytes());
  }
  return static_cast<int64_t>(mallinfo2().uordblks);
}

uint64_t MemoryMeter::FreedByThread() { return 0; }

AllocatorStats ReadAllocatorStats() {
  const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
  return {.allocated = used, .active = used, .resident = used, .retained = 0, .mapped = used};
}

void PurgeAllocator() { malloc_trim(0); }

void PurgeAllocatorIfWasteful() {}

void SetAllocatorBackgroundThread(bool) {}

const char* AllocatorName() { return "libc"; }

#else

}  // namespace corral::storage

// jemalloc reads this when the process starts; the environment variable MALLOC_CONF overrides it.
//
// slab_sizes: records of up to 128 bytes come from slabs of 16 pages. A slab costs 128 bytes of bookkeeping;
// with the default of one page that would be 2 bytes for each record of 64 bytes.
// decay: unused pages go back to the system after one second instead of ten, so that resident memory follows
// what is stored.
// thp: huge pages are used where the process may have them, that is with `disable-thp no`.
const char* malloc_conf = "slab_sizes:1-128:16,dirty_decay_ms:1000,muzzy_decay_ms:0,thp:always";

namespace corral::storage {

namespace {

// The allocator's counters of one thread. They live as long as the thread; what it has not published when it
// ends is published by the destructor, and memory it leaves behind stays counted.
class ThreadCounters {
 public:
  ThreadCounters() {
    size_t size = sizeof(allocated_);
    mallctl("thread.allocatedp", &allocated_, &size, nullptr, 0);
    size = sizeof(deallocated_);
    mallctl("thread.deallocatedp", &deallocated_, &size, nullptr, 0);
  }
  ~ThreadCounters() { Publish(); }

  // Negative for a thread that frees what others allocated.
  int64_t net_bytes() const { return static_cast<int64_t>(*allocated_ - *deallocated_); }
  int64_t unpublished_bytes() const { return net_bytes() - published_bytes_; }
  uint64_t freed_bytes() const { return *deallocated_; }

  void Publish() {
    const int64_t net = net_bytes();
    const int64_t change = net - published_bytes_;
    if (change == 0) return;
    published_bytes_ = net;
    const int64_t total = total_bytes.fetch_add(change, std::memory_order_relaxed) + change;
    if (change > 0) RaisePeak(total);
  }

 private:
  uint64_t* allocated_ = nullptr;
  uint64_t* deallocated_ = nullptr;
  int64_t published_bytes_ = 0;
};

ThreadCounters& Counters() {
  thread_local ThreadCounters counters;
  return counters;
}

uint64_t ReadStat(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

}  // namespace

void MemoryMeter::Publish() { Counters().Publish(); }

int64_t MemoryMeter::UsedBytes() {
  const int64_t unpublished = Counters().unpublished_bytes();
  if (unpublished >= kPublishStepBytes || unpublished <= -kPublishStepBytes) [[unlikely]]
    Counters().Publish();
  return total_bytes.load(std::memory_order_relaxed) + Counters().unpublished_bytes();
}

uint64_t MemoryMeter::FreedByThread() { return Counters().freed_bytes(); }

AllocatorStats ReadAllocatorStats() {
  uint64_t epoch = 1;
  mallctl("epoch", nullptr, nullptr, &epoch, sizeof(epoch));
  return {
      .allocated = ReadStat("stats.allocated"),
      .active = ReadStat("stats.active"),
      .resident = ReadStat("stats.resident"),
      .retained = ReadStat("stats.retained"),
      .mapped = ReadStat("stats.mapped"),
  };
}

void PurgeAllocator() {
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

void PurgeAllocatorIfWasteful() {
  constexpr uint64_t kTolerableBytes = 64 << 20;
  const AllocatorStats stats = ReadAllocatorStats();
  const uint64_t wasted = stats.resident - std::min(stats.resident, stats.active);
  if (wasted > std::max(stats.active / 4, kTolerableBytes)) PurgeAllocator();
}

void SetAllocatorBackgroundThread(bool enabled) {
  mallctl("background_thread", nullptr, nullptr, &enabled, sizeof(enabled));
}

const char* AllocatorName() {
  static const std::string name = [] {
    const char* version = "";
    size_t size = sizeof(version);
    mallctl("version", &version, &size, nullptr, 0);
    const std::string text = version;
    return "jemalloc-" + text.substr(0, text.find('-'));
  }();
  return name.c_str();
}

#endif

}  // namespace corral::storage
