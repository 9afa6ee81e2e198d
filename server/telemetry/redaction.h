// Which arguments of a command are secrets, so that MONITOR, SLOWLOG and logs never show them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace corral::telemetry {

// The arguments with "(redacted)" for every secret, of AUTH, HELLO ... AUTH and CONFIG SET of a sensitive
// directive; views into `arguments`.
std::vector<std::string_view> Redacted(std::span<const std::string_view> arguments);

}  // namespace corral::telemetry
