// Columns of characters: four rows of three steps each, then the age of the sample, top down.
#include "server/telemetry/latency_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

namespace corral::telemetry {
namespace {

constexpr size_t kColumns = 80;
constexpr int kRows = 4;
constexpr std::string_view kSteps = "_o#";  // heights within a row
constexpr char kFilled = '|';               // a row below the top of its column

struct Column {
  int step;           // 0 .. kRows * kSteps.size() - 1
  std::string label;  // "5s", "3m"
};

std::string Age(int64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 24 * 3600) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / (24 * 3600));
}

char Bar(const Column& column, int row) {
  const int steps = static_cast<int>(kSteps.size());
  const int within = column.step - (kRows - row - 1) * steps;
  if (within < 0) return ' ';
  return within < steps ? kSteps[static_cast<size_t>(within)] : kFilled;
}

void Draw(std::span<const Column> columns, std::string* out) {
  for (int row = 0; row < kRows; ++row) {
    for (const Column& column : columns) out->push_back(Bar(column, row));
    out->push_back('\n');
  }
  out->append(columns.size(), ' ');
  out->push_back('\n');
  size_t longest = 0;
  for (const Column& column : columns) longest = std::max(longest, column.label.size());
  for (size_t i = 0; i < longest; ++i) {
    for (const Column& column : columns) out->push_back(i < column.label.size() ? column.label[i] : ' ');
    out->push_back('\n');
  }
}

}  // namespace

std::string DrawLatency(std::string_view event, const LatencyMonitor::Series& series,
                        int64_t now_unix_seconds) {
  if (series.samples.empty()) return {};
  const auto [low, high] = std::ranges::minmax(series.samples, {}, &LatencyMonitor::Sample::latency_ms);
  const int64_t range = std::max<int64_t>(1, high.latency_ms - low.latency_ms);
  const int64_t steps = kRows * static_cast<int64_t>(kSteps.size());
  std::vector<Column> columns;
  for (const LatencyMonitor::Sample& sample : series.samples) {
    const int64_t step = std::min((sample.latency_ms - low.latency_ms) * steps / range, steps - 1);
    columns.push_back(
        {static_cast<int>(step), Age(std::max<int64_t>(0, now_unix_seconds - sample.unix_seconds))});
  }
  std::string out = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", event, high.latency_ms,
                                low.latency_ms, series.worst_ms);
  out.append(kColumns, '-');
  out.push_back('\n');
  const std::span<const Column> all = columns;
  for (size_t first = 0; first < all.size(); first += kColumns) {
    if (first > 0) out.push_back('\n');
    Draw(all.subspan(first, std::min(kColumns, all.size() - first)), &out);
  }
  return out;
}

}  // namespace corral::telemetry
