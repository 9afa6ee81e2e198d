#include "server/telemetry/main_thread.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace corral::telemetry {

// "pid (name) state ...": the thread's name may hold anything, and behind it utime and stime are fields 12
// and 13.
ThreadTime ReadMainThreadTime() {
  std::ifstream file(fmt::format("/proc/self/task/{}/stat", getpid()));
  std::string line;
  if (!std::getline(file, line)) return {};
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  uint64_t user = 0, system = 0;
  if (!(fields >> user >> system)) return {};
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {static_cast<double>(user) / ticks, static_cast<double>(system) / ticks};
}

}  // namespace corral::telemetry
