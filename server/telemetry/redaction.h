// Which arguments of a command are secrets, so that MONITOR, SLOWLOG and logs never show them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace corral::telemetry {

// True when Redacted would change something: AUTH, HELLO ... AUTH, CONFIG SET of a sensitive directive.
// Cheap.
bool HasSecrets(std::span<const std::string_view> arguments);

// The arguments with "(redacted)" for every secret; views into `arguments`.
std::vector<std::string_view> Redacted(std::span<const std::string_view> arguments);

}  // namespace corral::telemetry
