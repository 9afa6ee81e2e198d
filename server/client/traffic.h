// What has passed over a connection, for CLIENT LIST and the limits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace corral::client {

struct Traffic {
  uint64_t bytes_in = 0, bytes_out = 0, commands = 0;
  int64_t last_active_ms = 0;   // Unix time when bytes were last read, or sent
  size_t reply_peak_bytes = 0;  // the most that was to be sent at once since the last few seconds began
  int64_t output_soft_limit_since_ms = 0;  // Unix time; 0: below the soft limit
};

}  // namespace corral::client
