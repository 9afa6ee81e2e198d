// The daemon's log: levels, Redis's line format, and its three sinks (standard output, a file, syslog).
//
// The one process-wide object of Corral. Every part logs, the crash handler included, and the sinks
// themselves (descriptor 1, syslog(3)) belong to the process; passing a logger through every constructor
// would say nothing more.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "server/log/line.h"
#include "server/log/sinks.h"

namespace corral::log {

// Any thread may call everything below at any time; lines are never interleaved.

void SetLevel(Level level);
Level CurrentLevel();
void SetSinks(Sinks sinks);

inline bool Enabled(Level level) { return level >= CurrentLevel(); }

// From now on a thread writes the lines, and nobody waits for a log that cannot be written: 1 MB of lines
// wait for it, further ones are counted, and the log says how many were lost. Once, after the process forked
// for the last time; until then a line is written by whoever logs it.
void StartThread();

// Waits until the lines are written, but no longer than a second: before the process ends.
void Flush();

// The same for a process that dies: waits at most 200 ms. Safe inside a signal.
void FlushInSignal();

// Writes one line, cut at 1,024 bytes as Redis does. A line that no sink takes is lost: a log must not stop
// the daemon.
void Write(Level level, std::string_view message);

// Writes `text` as it is, without a prefix: to standard output or the file, never to syslog.
void WriteRaw(Level level, std::string_view text);

// The line before the process ends for want of memory: written at once, without allocating or waiting.
void WriteLast(Level level, std::string_view message);

// Says how many lines the throttles left out (throttle.h). Called about once a second.
void SayLeftOut();

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
