// Splits the line of an inline request into arguments, with Redis's quotes and escapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/request_reader.h"

namespace corral::protocol {

// Appends the arguments of `line`, which comes without its line end, to the pool, and returns their number.
// They are views into the line, or into `pool.decoded` where quotes were removed. Returns nothing, and leaves
// the pool as it was, when a quote is not closed or something other than a space follows it.
std::optional<uint32_t> SplitInlineRequest(std::string_view line, ArgumentPool& pool);

}  // namespace corral::protocol
