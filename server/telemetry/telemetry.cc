// Sums over the workers, rates, and the run's identity.
#include "server/telemetry/telemetry.h"

#include <fmt/format.h>

#include "storage/base/random.h"

namespace corral::telemetry {

void Rate::Sample(uint64_t total, int64_t monotonic_ms) {
  const int64_t elapsed_ms = monotonic_ms - last_ms_;
  const bool first = last_ms_ == 0;
  // A total that went down was reset by CONFIG RESETSTAT.
  const uint64_t change = total >= last_total_ ? total - last_total_ : total;
  if (!first && elapsed_ms <= 0) return;
  last_total_ = total;
  last_ms_ = monotonic_ms;
  if (first) return;
  samples_[next_] = static_cast<double>(change) * 1000.0 / static_cast<double>(elapsed_ms);
  next_ = (next_ + 1) % samples_.size();
}

double Rate::per_second() const {
  double sum = 0;
  for (double sample : samples_) sum += sample;
  return sum / static_cast<double>(samples_.size());
}

std::string NewRunId() {
  storage::Random random(storage::SystemSeed());
  std::string id;
  while (id.size() < 40) id += fmt::format("{:016x}", random.Next());
  id.resize(40);
  return id;
}

WorkerStats& Telemetry::AddWorker(size_t commands) {
  workers_.push_back(std::make_unique<WorkerStats>(commands));
  return *workers_.back();
}

uint64_t Telemetry::Sum(uint64_t WorkerStats::*counter) const {
  uint64_t sum = 0;
  for (const auto& worker : workers_) sum += (*worker).*counter;
  return sum;
}

void Telemetry::Reset() {
  for (const auto& worker : workers_) worker->Reset();
  over_limit.Reset();
}

}  // namespace corral::telemetry
