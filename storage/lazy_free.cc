#include "storage/lazy_free.h"

#include <utility>

#include "storage/memory_meter.h"

namespace corral::storage {

namespace {

// How much is freed here before it is worth asking the allocator whether pages should go back to the system.
// Here, because the workers would otherwise meet the purge in one of their next allocations.
constexpr uint64_t kPurgeCheckBytes = 64 << 20;

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

size_t LazyFree::pending_objects() const { return pending_objects_.load(std::memory_order_relaxed); }

uint64_t LazyFree::freed_objects() const { return freed_objects_.load(std::memory_order_relaxed); }

void LazyFree::ResetFreed() { freed_objects_.store(0, std::memory_order_relaxed); }

void LazyFree::Drain() {
  std::unique_lock lock(mutex_);
  const uint64_t target = submitted_;
  idle_.wait(lock, [&] { return done_ >= target; });
}

void LazyFree::Run() {
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
