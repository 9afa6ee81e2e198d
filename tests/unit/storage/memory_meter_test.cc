#include "storage/memory_meter.h"

#include <doctest/doctest.h>

#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace corral::storage {
namespace {

constexpr int64_t kBlockBytes = 8 << 20;
constexpr int64_t kSlackBytes = 2 << 20;  // of the allocator's size classes, and of the test framework

// A block that the compiler cannot leave out.
std::unique_ptr<char[]> MakeBlock() {
  std::unique_ptr<char[]> block(new char[kBlockBytes]);
  std::memset(block.get(), 1, kBlockBytes);
  return block;
}

bool Near(int64_t value, int64_t expected) { return std::abs(value - expected) < kSlackBytes; }

TEST_CASE("the calling thread's own allocations count at once, without Publish") {
  const int64_t before = MemoryMeter::UsedBytes();
  auto block = MakeBlock();
  CHECK(Near(MemoryMeter::UsedBytes() - before, kBlockBytes));
  block.reset();
  CHECK(Near(MemoryMeter::UsedBytes() - before, 0));
}

TEST_CASE("other threads' allocations count from their Publish on, and outlive the thread" *
          doctest::test_suite("threaded")) {
  const int64_t before = MemoryMeter::UsedBytes();
  std::unique_ptr<char[]> block;
  std::thread([&] {
    block = MakeBlock();
    MemoryMeter::Publish();
  }).join();
  CHECK(Near(MemoryMeter::UsedBytes() - before, kBlockBytes));

  // One that never publishes again: its end does.
  std::unique_ptr<char[]> second;
  std::thread([&] {
    MemoryMeter::Publish();
    second = MakeBlock();
  }).join();
  CHECK(Near(MemoryMeter::UsedBytes() - before, 2 * kBlockBytes));

  // Freed by a thread that did not allocate it.
  std::thread([&] {
    block.reset();
    MemoryMeter::Publish();
  }).join();
  second.reset();
  CHECK(Near(MemoryMeter::UsedBytes() - before, 0));
}

#if !CORRAL_SANITIZED
TEST_CASE("a thread that asks before it allocates hides at most a step and one allocation from the others" *
          doctest::test_suite("threaded")) {
  constexpr size_t kPieceBytes = 16 * 1024;
  constexpr int64_t kMostHiddenBytes = 64 * 1024 + 2 * int64_t{kPieceBytes};
  MemoryMeter::Publish();
  const int64_t before = MemoryMeter::UsedBytes();
  std::vector<std::unique_ptr<char[]>> pieces;
  std::promise<void> allocated, checked;
  std::thread other([&] {
    MemoryMeter::Publish();
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(MemoryMeter::UsedBytes());
      pieces.emplace_back(new char[kPieceBytes]);
    }
    allocated.set_value();
    checked.get_future().wait();  // its end would publish all
  });
  allocated.get_future().wait();
  CHECK(MemoryMeter::UsedBytes() - before >= int64_t{100 * kPieceBytes} - kMostHiddenBytes);
  checked.set_value();
  other.join();
}
#endif

TEST_CASE("the peak is kept until it is reset") {
  const int64_t before = MemoryMeter::UsedBytes();
  MemoryMeter::ResetPeak();
  auto block = MakeBlock();
  MemoryMeter::Publish();
  block.reset();
  MemoryMeter::Publish();
  CHECK(Near(MemoryMeter::PeakBytes() - before, kBlockBytes));
  MemoryMeter::ResetPeak();
  CHECK(Near(MemoryMeter::PeakBytes() - before, 0));
}

TEST_CASE("the allocator's statistics hold together") {
  auto block = MakeBlock();
  const AllocatorStats stats = ReadAllocatorStats();
  CHECK(stats.allocated >= static_cast<uint64_t>(kBlockBytes));
  CHECK(stats.active >= stats.allocated);
  CHECK(stats.resident >= stats.active);
  CHECK(stats.mapped >= stats.active);
  CHECK(std::string(AllocatorName()).find_first_of("0123456789b") != std::string::npos);
}

TEST_CASE("a purge gives free pages back") {
  auto block = MakeBlock();
  block.reset();
  PurgeAllocator();
  const AllocatorStats stats = ReadAllocatorStats();
  CHECK(stats.resident < stats.active + static_cast<uint64_t>(kBlockBytes));
  PurgeAllocatorIfWasteful();
}

}  // namespace
}  // namespace corral::storage
