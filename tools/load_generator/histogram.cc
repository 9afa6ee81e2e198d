#include "tools/load_generator/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace corral::load_generator {
namespace {

constexpr int kExactBits = 11;
constexpr std::uint64_t kBucketsPerDoubling = std::uint64_t{1} << (kExactBits - 1);

int ShiftOf(std::uint64_t value) { return std::max(0, static_cast<int>(std::bit_width(value)) - kExactBits); }

std::size_t IndexOf(std::uint64_t value) {
  const int shift = ShiftOf(value);
  return static_cast<std::size_t>(shift) * kBucketsPerDoubling + (value >> shift);
}

// The largest value that falls into the bucket.
std::uint64_t UpperEnd(std::size_t index) {
  if (index < 2 * kBucketsPerDoubling) return index;
  const std::size_t shift = index / kBucketsPerDoubling - 1;
  const std::uint64_t top = index - shift * kBucketsPerDoubling;
  return ((top + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(IndexOf(kLimit) + 1) {}

void Histogram::Record(std::uint64_t value) {
  value = std::min(value, kLimit);
  ++counts_[IndexOf(value)];
  ++count_;
  max_ = std::max(max_, value);
}

std::uint64_t Histogram::ValueAt(double quantile) const {
  // The tiny factor keeps 0.999 of 1000 at 999 although 0.999 has no exact binary form.
  const double exact_rank = quantile * static_cast<double>(count_) * (1 - 1e-13);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(exact_rank)));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    seen += counts_[index];
    if (seen >= rank) return std::min(UpperEnd(index), max_);
  }
  return max_;
}

}  // namespace corral::load_generator
