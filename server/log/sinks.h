// Where the lines of the log go: standard output or a file, and syslog.
#pragma once

#include <string>
#include <string_view>

#include "server/log/line.h"

namespace corral::log {

struct Sinks {
  // Empty: standard output. Opened anew for what is written together, so that rotation by rename just works.
  std::string file = {};
  bool syslog = false;
  std::string syslog_ident = {};
  int syslog_facility = 0;  // LOG_LOCAL0 and so on
};

// Writes the line; may wait for as long as the sink makes it wait. False when it is lost, in whole or in
// part.
[[nodiscard]] bool WriteTo(const Sinks& sinks, const Line& line);

// A descriptor for last words: of `file`, or of standard output when that is empty. Writing to it never
// waits; -1 when there is none. To be closed unless it is standard output's own. Safe inside a signal.
int OpenForLastWords(const char* file);

// Opens a log file. A pipe that nobody reads is an error (ENXIO) instead of a wait. -1 with errno.
int OpenLogFile(const char* file);

}  // namespace corral::log
