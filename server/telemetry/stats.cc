// Counting errors by code, and CONFIG RESETSTAT for one worker.
#include "server/telemetry/stats.h"

namespace corral::telemetry {

void WorkerStats::CountError(std::string_view code) {
  ++error_replies;
  if (auto found = errors.find(code); found != errors.end()) {
    ++found->second;
  } else if (errors.size() < kMaxErrorCodes) {
    errors.emplace(code, 1);
  }
}

void WorkerStats::Reset() { *this = WorkerStats(per_command.size()); }

}  // namespace corral::telemetry
