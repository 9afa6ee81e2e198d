// What DEBUG turns off for tests; workers read it, DEBUG writes it.
#pragma once

#include <atomic>
#include <cstdint>

namespace corral::command {

constexpr int64_t kReplyPeakResetMs = 5000;

struct DebugSwitches {
  // Workers remove expired keys on their own; reads never return one either way.
  std::atomic<bool> active_expiry{true};
  // Nothing periodic is done: figures, limits with a time, idle connections, and a shutdown by signal wait.
  std::atomic<bool> cron_paused{false};
  // How long CLIENT LIST's rbp remembers the most that was to be sent at once; negative: for ever. Looked at
  // once a second.
  std::atomic<int64_t> reply_peak_reset_ms{kReplyPeakResetMs};
  // Chunks of replies that are kept for later are given back when memory is short.
  std::atomic<bool> reply_resizing{true};
};

}  // namespace corral::command
