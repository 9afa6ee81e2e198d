// The last commands that took longer than slowlog-log-slower-than.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corral::telemetry {

// Shared by all workers under its own leaf lock; entered only by slow commands and SLOWLOG.
class Slowlog {
 public:
  struct Entry {
    int64_t id;
    int64_t unix_seconds;
    int64_t duration_us;
    std::vector<std::string> arguments;  // at most 32 of 128 bytes; what was cut says how much is missing
    std::string peer, client_name;
  };

  static constexpr size_t kMaxArguments = 32;
  static constexpr size_t kMaxArgumentBytes = 128;

  // Drops the oldest entries beyond `max_entries`. Secrets are redacted (redaction.h).
  void Add(std::span<const std::string_view> command, int64_t unix_seconds, int64_t duration_us,
           std::string peer, std::string client_name, size_t max_entries);
  std::vector<Entry> Newest(int64_t count) const;  // negative: all
  size_t size() const;
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // newest first
  int64_t next_id_ = 0;
};

}  // namespace corral::telemetry
