// Everything the server counts: the workers' counters, slow log, latency monitor, and facts about the
// process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/telemetry/latency_monitor.h"
#include "server/telemetry/over_limit.h"
#include "server/telemetry/slowlog.h"
#include "server/telemetry/stats.h"

namespace corral::telemetry {

// 40 random hex digits from the system's generator: run_id, and the replication id until there is
// replication.
std::string NewRunId();

struct ProcessFacts {
  std::string run_id;          // 40 hex digits, new at each start (NewRunId)
  std::string replication_id;  // 40 hex digits (NewRunId); DEBUG CHANGE-REPL-ID, with the gate as writer,
                               // draws a new one
  std::string executable;      // absolute path
  std::string supervised;      // no, systemd or upstart
  std::string config_file;     // absolute path, or empty
  int64_t start_unix_ms = 0;
  int port = 0;
  int64_t startup_used_bytes = 0;  // storage::MemoryMeter when the server was ready, before the first client
};

// Samples of a rate, taken by worker 0's cron; instantaneous_ops_per_sec and its kin are the mean of the
// last 16.
class Rate {
 public:
  void Sample(uint64_t total, int64_t monotonic_ms);
  double per_second() const;

 private:
  std::array<double, 16> samples_{};
  size_t next_ = 0;
  uint64_t last_total_ = 0;
  int64_t last_ms_ = 0;
};

class Telemetry {
 public:
  // One per worker; before the workers start.
  WorkerStats& AddWorker(size_t commands);
  const std::vector<std::unique_ptr<WorkerStats>>& workers() const { return workers_; }

  ProcessFacts facts;
  Slowlog slowlog;
  LatencyMonitor latency;

  // Sums over workers of a counter: Sum(&WorkerStats::commands).
  uint64_t Sum(uint64_t WorkerStats::*counter) const;
  // Rates, sampled under no lock from relaxed reads; written by worker 0.
  Rate commands_rate, input_rate, output_rate;

  OverLimit over_limit;

  std::atomic<uint32_t> monitors{0};  // clients in MONITOR

  void Reset();  // CONFIG RESETSTAT; gate held as writer

 private:
  std::vector<std::unique_ptr<WorkerStats>> workers_;
};

}  // namespace corral::telemetry
