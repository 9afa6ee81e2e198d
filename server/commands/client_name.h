// What a connection may call itself: shared by HELLO SETNAME, CLIENT SETNAME and CLIENT SETINFO.
#pragma once

#include <algorithm>
#include <string_view>

namespace corral::commands {

inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

// Printable ASCII without blanks: CLIENT LIST stays one line per client, one word per field.
inline bool IsClientName(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace corral::commands
