#include "server/log/line.h"

#include <fmt/format.h>

#include <ctime>

namespace corral::log {

size_t FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms, char* buffer) {
  constexpr char kMarks[] = {'.', '-', '*', '#', '#'};
  const time_t seconds = static_cast<time_t>(unix_ms / 1000);
  tm local{};
  localtime_r(&seconds, &local);
  char date[64];
  const size_t size = strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &local);
  const auto end = fmt::format_to_n(
      buffer, kLongestLineBytes, "{}:{} {}.{:03} {} {}\n", pid, role, std::string_view(date, size),
      unix_ms % 1000, kMarks[static_cast<size_t>(level)], message.substr(0, kLongestMessageBytes));
  return end.size;
}

std::string FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms) {
  char buffer[kLongestLineBytes];
  return std::string(buffer, FormatLine(level, message, pid, role, unix_ms, buffer));
}

}  // namespace corral::log
