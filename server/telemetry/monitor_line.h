// The line that MONITOR shows for a command.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace corral::telemetry {

// Where a command came from, as the line names it.
struct MonitorSource {
  int database = 0;
  std::string_view peer = {};  // "127.0.0.1:60866"; a unix socket's is "/path:0"; ignored for scripts
  bool unix_socket = false;    // shown as unix:/path
  bool script = false;         // shown as lua
};

// "1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"", without '+' and line end; secrets are redacted.
std::string FormatMonitorLine(int64_t unix_us, const MonitorSource& source,
                              std::span<const std::string_view> arguments);

// The text in double quotes with backslash escapes for everything that is not printable ASCII.
void AppendQuoted(std::string_view text, std::string* out);

}  // namespace corral::telemetry
