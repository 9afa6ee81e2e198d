// The counters that a worker keeps while it runs commands; INFO and its kin add them up over the workers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/telemetry/histogram.h"

namespace corral::telemetry {

struct CommandStats {
  uint64_t calls = 0;
  uint64_t nanos = 0;
  uint64_t rejected = 0;               // refused by a gate
  uint64_t failed = 0;                 // answered an error
  std::unique_ptr<Histogram> latency;  // made at the first call while latency-tracking is on
};

// Written by one worker only, without atomics; read by others with the gate held as writer.
struct WorkerStats {
  explicit WorkerStats(size_t commands) : per_command(commands) {}

  std::vector<CommandStats> per_command;                // by Command::id
  std::map<std::string, uint64_t, std::less<>> errors;  // by code, as errorstats shows them
  uint64_t commands = 0;
  uint64_t error_replies = 0;
  uint64_t connections = 0, rejected_connections = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint64_t reads = 0, writes = 0;
  uint64_t evicted_clients = 0;  // by maxmemory-clients
  uint64_t query_buffer_disconnections = 0, output_buffer_disconnections = 0;
  uint64_t loop_turns = 0, command_nanos = 0;

  // Clients can invent codes (DEBUG ERROR), so their number is limited; further ones count in error_replies
  // only.
  static constexpr size_t kMaxErrorCodes = 128;

  void CountError(std::string_view code);
  void Reset();
};

}  // namespace corral::telemetry
