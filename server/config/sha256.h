// SHA-256: the form in which a `user` line holds a password.
#pragma once

#include <string>
#include <string_view>

namespace corral::config {

// 64 hex digits in lower case.
std::string Sha256Hex(std::string_view text);

}  // namespace corral::config
