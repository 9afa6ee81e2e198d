// Statistics of each series, and advice that follows from its event and the settings.
#include "server/telemetry/latency_report.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace corral::telemetry {
namespace {

struct Summary {
  size_t count = 0;
  int64_t average_ms = 0, deviation_ms = 0;
  double period_s = 0;
};

Summary Summarize(const LatencyMonitor::Series& series) {
  Summary summary;
  summary.count = series.samples.size();
  if (summary.count == 0) return summary;
  const auto count = static_cast<int64_t>(summary.count);
  int64_t sum = 0, deviation = 0;
  for (const auto& sample : series.samples) sum += sample.latency_ms;
  summary.average_ms = sum / count;
  for (const auto& sample : series.samples) deviation += std::abs(sample.latency_ms - summary.average_ms);
  summary.deviation_ms = deviation / count;
  const int64_t span = series.samples.back().unix_seconds - series.samples.front().unix_seconds;
  summary.period_s = static_cast<double>(span > 0 ? span : 1) / static_cast<double>(count);
  return summary;
}

std::string Advice(std::string_view event, const config::Settings& settings) {
  if (event == "command" || event == "fast-command") {
    std::string text = "- Commands were slow: SLOWLOG GET shows which ones.\n";
    const int64_t threshold_us = settings.latency_monitor_threshold_ms * 1000;
    if (settings.slowlog_log_slower_than_us < 0 || settings.slowlog_log_slower_than_us > threshold_us) {
      text += fmt::format(
          "- The slow log does not see all of these spikes: CONFIG SET slowlog-log-slower-than {}.\n",
          threshold_us);
    }
    return text;
  }
  if (event.starts_with("expire"))
    return "- Expired keys took long to go: spread deadlines, split big values.\n";
  if (event.starts_with("eviction")) {
    return "- Eviction took long: raise maxmemory, or write less at once; lazyfree-lazy-eviction frees big values in the background.\n";
  }
  return {};
}

}  // namespace

std::string LatencyReport(const std::map<std::string, LatencyMonitor::Series, std::less<>>& all,
                          const config::Settings& settings) {
  if (settings.latency_monitor_threshold_ms == 0) {
    return "Latency monitoring is off, so there is nothing to report. Turn it on with \"CONFIG SET latency-monitor-threshold <milliseconds>\".\n";
  }
  std::string spikes, advice;
  int number = 0;
  for (const auto& [event, series] : all) {
    const Summary summary = Summarize(series);
    if (summary.count == 0) continue;
    spikes += fmt::format(
        "{}. {}: {} latency spikes (average {}ms, mean deviation {}ms, period {:.2f} sec). Worst all time event {}ms.\n",
        ++number, event, summary.count, summary.average_ms, summary.deviation_ms, summary.period_s,
        series.worst_ms);
    advice += Advice(event, settings);
  }
  if (number == 0) {
    return fmt::format(
        "No event took longer than {} milliseconds since the start or the last LATENCY RESET.\n",
        settings.latency_monitor_threshold_ms);
  }
  std::string report = "Latency spikes were seen:\n\n" + spikes;
  if (!advice.empty()) report += "\nWhat may help:\n\n" + advice;
  return report;
}

}  // namespace corral::telemetry
