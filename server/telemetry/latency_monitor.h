// Spikes by event class for LATENCY LATEST, HISTORY, GRAPH, DOCTOR, RESET.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corral::telemetry {

// Keeps the last 160 samples of an event, at most one a second (the worst one), as Redis does. Leaf lock.
class LatencyMonitor {
 public:
  static constexpr size_t kMaxSamples = 160;

  struct Sample {
    int64_t unix_seconds;
    int64_t latency_ms;
  };
  struct Series {
    std::vector<Sample> samples;  // oldest first
    int64_t worst_ms = 0;
  };

  void Add(std::string_view event, int64_t unix_seconds, int64_t latency_ms);
  std::map<std::string, Series, std::less<>> All() const;
  size_t Reset(std::span<const std::string_view> events);  // none: all; returns how many series went

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Series, std::less<>> series_;
};

}  // namespace corral::telemetry
