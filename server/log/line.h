// A line of the log: its level, and Redis's form of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corral::log {

enum class Level : uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };

// A message is cut here, as in Redis.
inline constexpr size_t kLongestMessageBytes = 1024;
inline constexpr size_t kLongestLineBytes = kLongestMessageBytes + 128;

struct Line {
  Level level;
  std::string text;      // as it is written to standard output or a file
  size_t message_begin;  // where syslog's part of `text` begins; std::string::npos: syslog gets none
};

// "pid:role 23 Nov 2026 08:45:27.695 * message\n", for the time given in milliseconds since 1970.
std::string FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms);

// The same into `buffer`, which has room for kLongestLineBytes; answers the line's size. Allocates nothing.
size_t FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms, char* buffer);

}  // namespace corral::log
