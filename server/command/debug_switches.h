// What DEBUG turns off for tests; workers read it, DEBUG writes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace corral::command {

constexpr int64_t kReplyPeakResetMs = 5000;

struct DebugSwitches {
  // Workers remove expired keys on their own; reads never return one either way.
  std::atomic<bool> active_expiry{true};
  // While this is set, periodic work waits: figures, limits with a time, idle connections, and a shutdown by
  // signal.
  std::atomic<bool> cron_paused{false};
  // How long CLIENT LIST's rbp keeps the largest output of a connection; negative: for ever. Checked once a
  // second.
  std::atomic<int64_t> reply_peak_reset_ms{kReplyPeakResetMs};
  // From so many bytes of text on, an element of a list that grows or is changed lies in a node of its own.
  // SIZE_MAX: only where list-max-listpack-size says so.
  std::atomic<size_t> large_element_bytes{SIZE_MAX};
  // RESTORE believes a payload without comparing its checksum.
  std::atomic<bool> checksums_skipped{false};
  // Unused chunks for replies are freed when memory is short.
  std::atomic<bool> reply_resizing{true};
};

}  // namespace corral::command
