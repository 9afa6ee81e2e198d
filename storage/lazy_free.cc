#include "storage/lazy_free.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "storage/memory_meter.h"

namespace corral::storage {

namespace {

// How much is freed here before it is worth asking the allocator whether pages should go back to the system.
// Here, because the workers would otherwise meet the purge in one of their next allocations.
constexpr uint64_t kPurgeCheckBytes = 64 << 20;

constexpr int kNiceness = 10;  // beyond that of the workers

struct BytesGarbage final : Garbage {
  BytesGarbage(SharedBytes dropped, size_t counted) : bytes(std::move(dropped)), count(counted) {}
  size_t objects() const override { return count; }
  SharedBytes bytes;
  size_t count;
};

}  // namespace

LazyFree::LazyFree() : thread_([this] { Run(); }) {}

LazyFree::~LazyFree() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void LazyFree::Submit(std::unique_ptr<Garbage> garbage) {
  pending_objects_.fetch_add(garbage->objects(), std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(garbage));
    ++submitted_;
  }
  work_.notify_one();
}

void LazyFree::Submit(SharedBytes bytes, size_t objects) {
  Submit(std::make_unique<BytesGarbage>(std::move(bytes), objects));
}

size_t LazyFree::pending_objects() const { return pending_objects_.load(std::memory_order_relaxed); }

uint64_t LazyFree::freed_objects() const { return freed_objects_.load(std::memory_order_relaxed); }

void LazyFree::ResetFreed() { freed_objects_.store(0, std::memory_order_relaxed); }

void LazyFree::Drain() {
  std::unique_lock lock(mutex_);
  const uint64_t target = submitted_;
  idle_.wait(lock, [&] { return done_ >= target; });
}

void LazyFree::Run() {
  // Where it shares a core with a worker, the worker goes first; a tenth of a busy core is enough for this.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), getpriority(PRIO_PROCESS, 0) + kNiceness);
  uint64_t checked_bytes = MemoryMeter::FreedByThread();
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty() && MemoryMeter::FreedByThread() - checked_bytes >= kPurgeCheckBytes) {
      lock.unlock();
      PurgeAllocatorIfWasteful();
      checked_bytes = MemoryMeter::FreedByThread();
      lock.lock();
    }
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::unique_ptr<Garbage> garbage = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const size_t objects = garbage->objects();
    garbage.reset();
    MemoryMeter::Publish();
    freed_objects_.fetch_add(objects, std::memory_order_relaxed);
    pending_objects_.fetch_sub(objects, std::memory_order_relaxed);
    lock.lock();
    ++done_;
    idle_.notify_all();
  }
}

}  // namespace corral::storage
