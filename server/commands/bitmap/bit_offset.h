// The offsets of bits that SETBIT, GETBIT and BITFIELD take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/command/context.h"

namespace corral::commands {

// Reads argument `i`. With `field_bits`, a number behind a '#' counts fields of so many bits. False after an
// error reply: no integer, negative, or beyond proto-max-bulk-len, the longest that a string may be.
bool ReadBitOffset(command::Context& ctx, size_t i, uint64_t* offset, unsigned field_bits = 0);

}  // namespace corral::commands
