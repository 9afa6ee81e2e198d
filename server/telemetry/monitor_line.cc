// Formatting and quoting of MONITOR's lines.
#include "server/telemetry/monitor_line.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "server/telemetry/redaction.h"

namespace corral::telemetry {

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '\\':
      case '"':
        out->push_back('\\');
        out->push_back(c);
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\a':
        out->append("\\a");
        break;
      case '\b':
        out->append("\\b");
        break;
      default:
        if (c >= 0x20 && c < 0x7f) {
          out->push_back(c);
        } else {
          fmt::format_to(std::back_inserter(*out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  out->push_back('"');
}

std::string FormatMonitorLine(int64_t unix_us, const MonitorSource& source,
                              std::span<const std::string_view> arguments) {
  std::string line = fmt::format("{}.{:06d} [{} ", unix_us / 1'000'000, unix_us % 1'000'000, source.database);
  if (source.script) {
    line += "lua";
  } else if (source.unix_socket) {
    // The address of a unix socket has a port of 0 for tools that want one; the line shows the path alone.
    const std::string_view path = source.peer.substr(0, source.peer.rfind(':'));
    fmt::format_to(std::back_inserter(line), "unix:{}", path);
  } else {
    line += source.peer;
  }
  line.push_back(']');
  const std::vector<std::string_view> shown = Redacted(arguments);
  for (std::string_view argument : shown) {
    line.push_back(' ');
    AppendQuoted(argument, &line);
  }
  return line;
}

}  // namespace corral::telemetry
