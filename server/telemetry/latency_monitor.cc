// Series of latency spikes.
#include "server/telemetry/latency_monitor.h"

#include <algorithm>

namespace corral::telemetry {

void LatencyMonitor::Add(std::string_view event, int64_t unix_seconds, int64_t latency_ms) {
  std::lock_guard lock(mutex_);
  auto found = series_.find(event);
  if (found == series_.end()) found = series_.emplace(event, Series{}).first;
  Series& series = found->second;
  series.worst_ms = std::max(series.worst_ms, latency_ms);
  if (!series.samples.empty() && series.samples.back().unix_seconds == unix_seconds) {
    Sample& last = series.samples.back();
    last.latency_ms = std::max(last.latency_ms, latency_ms);
    return;
  }
  if (series.samples.size() == kMaxSamples) series.samples.erase(series.samples.begin());
  series.samples.push_back({unix_seconds, latency_ms});
}

std::map<std::string, LatencyMonitor::Series, std::less<>> LatencyMonitor::All() const {
  std::lock_guard lock(mutex_);
  return series_;
}

size_t LatencyMonitor::Reset(std::span<const std::string_view> events) {
  std::lock_guard lock(mutex_);
  if (events.empty()) {
    const size_t count = series_.size();
    series_.clear();
    return count;
  }
  size_t count = 0;
  for (std::string_view event : events) {
    if (auto found = series_.find(event); found != series_.end()) {
      series_.erase(found);
      ++count;
    }
  }
  return count;
}

}  // namespace corral::telemetry
