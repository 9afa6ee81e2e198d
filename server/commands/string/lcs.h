// The longest common subsequence of two byte strings: its length, its bytes, and where it lies in both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corral::commands {

// A run of equal bytes that the subsequence takes from both strings; all positions are inclusive.
struct CommonRun {
  uint32_t a_first, a_last;
  uint32_t b_first, b_last;
  uint32_t size() const { return a_last - a_first + 1; }
};

// Dynamic programming over a table of (|a| + 1) * (|b| + 1) lengths. Where several subsequences are longest,
// the one Redis finds is found. Both strings must outlive the object.
class CommonSubsequence {
 public:
  // The transient memory that Compute takes.
  static uint64_t TableBytes(size_t a_size, size_t b_size) {
    return (static_cast<uint64_t>(a_size) + 1) * (static_cast<uint64_t>(b_size) + 1) * sizeof(uint32_t);
  }

  // Requires sizes below UINT32_MAX - 1.
  CommonSubsequence(std::string_view a, std::string_view b) : a_(a), b_(b) {}

  // Fills the table; false when its memory cannot be had. Must have succeeded before the calls below.
  bool Compute();

  uint32_t length() const { return At(a_.size(), b_.size()); }
  std::string Text() const;
  // From the last run to the first.
  std::vector<CommonRun> Runs() const;

 private:
  uint32_t& At(size_t i, size_t j) const { return table_[i * (b_.size() + 1) + j]; }
  // Calls `match(i, j)` for the positions of every byte of the subsequence, from the last to the first.
  template <typename Match>
  void WalkBack(Match match) const;

  std::string_view a_, b_;
  std::unique_ptr<uint32_t[]> table_;  // [i][j]: the length for the first i bytes of a and the first j of b
};

}  // namespace corral::commands
