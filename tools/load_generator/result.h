// What a run has measured, and how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/load_generator/histogram.h"
#include "tools/load_generator/options.h"

namespace corral::load_generator {

struct Result {
  double prefill_seconds = 0;
  double seconds = 0;                          // the measurement's real length
  std::uint64_t commands = 0;                  // answered within it
  std::optional<std::uint64_t> server_cpu_ns;  // spent within it, user and system, all threads
  std::uint64_t generator_cpu_ns = 0;          // the same of this process
  Histogram latency;                           // of every request due within it, even if answered later
  Histogram lateness;                          // open loop: how long after its due time a batch was sent
  std::uint64_t misses = 0;                    // keys asked for and not there, over the whole run
  std::uint64_t wrong_replies = 0;             // errors, replies of the wrong kind or size
  std::string first_wrong_reply;
  std::string failure;  // why the run could not be finished, or nothing

  // Whether every reply was as it must be and the run was finished.
  bool IsGood(bool allow_misses) const;
};

// One JSON object. Times are in microseconds; "curve" is a list of [quantile, latency].
std::string ToJson(const Result& result, const Options& options);

// For people: a few lines.
std::string ToText(const Result& result, const Options& options);

}  // namespace corral::load_generator
