// Sums and quantiles of the latency histogram.
#include "server/telemetry/histogram.h"

#include <algorithm>
#include <cmath>

namespace corral::telemetry {

void Histogram::Add(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

uint64_t Histogram::ValueAt(double percent) const {
  if (total_ == 0) return 0;
  const double exact = std::clamp(percent, 0.0, 100.0) / 100.0 * static_cast<double>(total_);
  const uint64_t wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(exact)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return UpperEdge(i);
  }
  return UpperEdge(kBuckets - 1);
}

uint64_t Histogram::CountUpTo(uint64_t nanos) const {
  uint64_t count = 0;
  for (size_t i = 0; i <= Index(nanos); ++i) count += counts_[i];
  return count;
}

uint64_t Histogram::UpperEdge(size_t index) {
  constexpr size_t kSubBuckets = size_t{1} << kSubBits;
  if (index < kSubBuckets) return index;
  const int shift = static_cast<int>(index >> kSubBits) - 1;
  const uint64_t mantissa = (index & (kSubBuckets - 1)) + kSubBuckets;
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace corral::telemetry
