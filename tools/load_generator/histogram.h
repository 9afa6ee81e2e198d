// A histogram of durations with three significant digits, as HdrHistogram lays it out.
#pragma once

#include <cstdint>
#include <vector>

namespace corral::load_generator {

// Values in nanoseconds from 0 to kLimit (73 minutes), larger ones count as kLimit; the maximum itself is
// kept exactly. A value below 2048 has a bucket of its own; above, each doubling is cut into 1024 equal
// buckets, so that a reported value is at most 1/1024 above the recorded one:
//
//   index = shift * 1024 + (value >> shift)      shift = max(0, bit_width(value) - 11)
//
// Recording is O(1), a quantile O(buckets). Not thread-safe.
class Histogram {
 public:
  static constexpr std::uint64_t kLimit = (std::uint64_t{1} << 42) - 1;

  Histogram();

  void Record(std::uint64_t value);

  // The smallest bucket's upper end that at least `quantile` (0 to 1) of the recorded values do not exceed,
  // never above Max(); 0 when empty.
  std::uint64_t ValueAt(double quantile) const;

  std::uint64_t Count() const { return count_; }
  std::uint64_t Max() const { return max_; }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace corral::load_generator
