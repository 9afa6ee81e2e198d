// A latency histogram with about two significant digits, as LATENCY HISTOGRAM and latencystats need it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace corral::telemetry {

// Log-linear buckets over nanoseconds, 32 per power of two, up to 2^36 ns (about a minute). Longer times
// count in the last bucket. The relative error is at most 1/32. Record takes a few instructions.
class Histogram {
 public:
  static constexpr int kSubBits = 5;
  static constexpr int kMaxBits = 36;
  static constexpr size_t kBuckets = static_cast<size_t>(kMaxBits - kSubBits + 1) << kSubBits;

  void Record(uint64_t nanos) {
    ++counts_[Index(nanos)];
    ++total_;
  }
  void Add(const Histogram& other);
  uint64_t total() const { return total_; }
  // The value at or below which `percent` (0..100) of the samples lie, in ns; 0 when empty.
  uint64_t ValueAt(double percent) const;
  // Samples at or below `nanos`.
  uint64_t CountUpTo(uint64_t nanos) const;

 private:
  static size_t Index(uint64_t nanos) {
    if (nanos >= (uint64_t{1} << kMaxBits)) return kBuckets - 1;
    if (nanos < (1u << kSubBits)) return nanos;
    int shift = std::bit_width(nanos) - 1 - kSubBits;
    return (static_cast<size_t>(shift + 1) << kSubBits) + (nanos >> shift) - (1u << kSubBits);
  }
  static uint64_t UpperEdge(size_t index);

  std::array<uint32_t, kBuckets> counts_{};
  uint64_t total_ = 0;
};

}  // namespace corral::telemetry
