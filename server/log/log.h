// The daemon's log: levels, Redis's line format, and its three sinks (standard output, a file, syslog).
//
// The one process-wide object of Corral. Every part logs, the crash handler included, and the sinks
// themselves (descriptor 1, syslog(3)) belong to the process; passing a logger through every constructor
// would say nothing more.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace corral::log {

enum class Level : uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };

struct Sinks {
  std::string file =
      {};  // empty: standard output. Opened for every line, so that rotation by rename just works.
  bool syslog = false;
  std::string syslog_ident = {};
  int syslog_facility = 0;  // LOG_LOCAL0 and so on
};

// Any thread may call everything below at any time; lines are never interleaved.

void SetLevel(Level level);
Level CurrentLevel();
void SetSinks(Sinks sinks);

// The role letter of a line: M as long as there are no replicas.
void SetRole(char role);

inline bool Enabled(Level level) { return level >= CurrentLevel(); }

// Writes one line, cut at 1,024 bytes as Redis does. A line that no sink takes is lost: a log must not stop
// the daemon.
void Write(Level level, std::string_view message);

// Writes `text` as it is, without a prefix: to standard output or the file, never to syslog.
void WriteRaw(Level level, std::string_view text);

// "pid:role 23 Nov 2026 08:45:27.695 * message\n", for the time given in milliseconds since 1970.
std::string FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms);

template <typename... Args>
void Debug(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kDebug)) Write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void Verbose(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kVerbose)) Write(Level::kVerbose, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void Notice(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kNotice)) Write(Level::kNotice, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void Warning(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kWarning)) Write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace corral::log
