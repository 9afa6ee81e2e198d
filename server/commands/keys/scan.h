// The cursor argument of SCAN and its kin.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::commands {

// Reads a cursor as C's strtoul does, which Redis uses: an optional sign, digits, nothing else up to the end
// or the first zero byte; no text at all is 0. False for anything else, leading space included, and beyond 64
// bits.
bool ParseCursor(std::string_view text, uint64_t* cursor);

}  // namespace corral::commands
