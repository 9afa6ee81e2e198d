// SHA-1, which Redis's protocol prescribes in places; not for security.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace corral::commands {

using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest Sha1(std::string_view bytes);

// 40 lower-case hex digits.
std::string Hex(const Sha1Digest& digest);

}  // namespace corral::commands
