#include "server/telemetry/over_limit.h"

namespace corral::telemetry {

void OverLimit::Sample(bool over, int64_t monotonic_ms) {
  if (over && !over_) began_ms_ = monotonic_ms;
  if (!over && over_) ended_ms_ += monotonic_ms - began_ms_;
  over_ = over;
  last_ms_ = monotonic_ms;
}

void OverLimit::Reset() {
  ended_ms_ = 0;
  began_ms_ = last_ms_;
}

}  // namespace corral::telemetry
