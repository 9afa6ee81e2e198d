// For how long memory has been over maxmemory: what INFO says of limits that eviction cannot keep.
#pragma once

#include <cstdint>

namespace corral::telemetry {

// Sampled by worker 0's cron, a few times a second: shorter stretches may be missed. With the gate as writer.
class OverLimit {
 public:
  void Sample(bool over, int64_t monotonic_ms);

  // Of the present stretch, 0 when there is none; and of all since CONFIG RESETSTAT.
  int64_t current_ms() const { return over_ ? last_ms_ - began_ms_ : 0; }
  int64_t total_ms() const { return ended_ms_ + current_ms(); }

  void Reset();

 private:
  bool over_ = false;
  int64_t began_ms_ = 0, last_ms_ = 0;
  int64_t ended_ms_ = 0;  // sum of the stretches that are over
};

}  // namespace corral::telemetry
