// A kind of line that strangers can cause: only so many of it are logged, the rest is counted and said.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace corral::log {

// One per kind, with static storage duration. Any thread may call anything.
class Throttle {
 public:
  // Of the lines about `what`, the first `lines` of each period are logged. A period begins with its first
  // line.
  Throttle(std::string_view what, uint64_t lines, int64_t period_ms);
  ~Throttle();
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;

  // Whether the line is to be logged now; else it has been counted.
  bool Allows() { return Allows(NowMs()); }
  bool Allows(int64_t monotonic_ms);

  // How many lines of a period that is over were left out; 0 when none were, and once they have been told.
  uint64_t TakeLeftOut(int64_t monotonic_ms);

  std::string_view what() const { return what_; }

  static int64_t NowMs();

 private:
  const std::string_view what_;
  const uint64_t lines_;
  const int64_t period_ms_;
  std::mutex mutex_;
  int64_t began_ms_ = 0;
  uint64_t logged_ = 0;    // in this period
  uint64_t left_out_ = 0;  // in this period, or an earlier one that has not been told
};

// A sentence for each throttle whose period is over and left lines out. Called about once a second.
std::vector<std::string> LeftOut(int64_t monotonic_ms);

}  // namespace corral::log
