// The timeout of a command that blocks, in milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command/context.h"

namespace corral::commands {

// Milliseconds at position `i` as a monotonic deadline; 0: for ever. A mistake is answered, and false
// returned.
bool ReadDeadline(command::Context& ctx, size_t i, int64_t* deadline_ms);

}  // namespace corral::commands
