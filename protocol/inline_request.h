// Splits the line of an inline request into arguments, with Redis's quotes and escapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/request_reader.h"

namespace corral::protocol {

// Appends the arguments of `line` (without its line end) to the pool and returns their number: views into the
// line, or into `pool.decoded` where a quote had to be taken off. Empty, with the pool as it was, when a
// quote is not closed or is followed by something other than a space.
std::optional<uint32_t> SplitInlineRequest(std::string_view line, ArgumentPool& pool);

}  // namespace corral::protocol
