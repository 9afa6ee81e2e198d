// Single values of a directive: memory sizes, octal numbers, choices, and their texts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/config/directive.h"

namespace corral::config {

// Bytes: digits and nothing, b, k, kb, m, mb, g or gb, in any case. No digits at all is 0, as in Redis.
// Nothing for other texts and for what does not fit 64 bits.
std::optional<uint64_t> ParseMemory(std::string_view text);

// The shortest of 3gb, 3mb, 3kb, 3 that is exact.
std::string ShortMemory(uint64_t bytes);

// For kYesNo to kChoices: the number of a text within its row's bounds, or why not.
Result ParseNumber(const Directive& directive, const std::vector<std::string>& words, int64_t* value);
std::string FormatNumber(const Directive& directive, int64_t value);

}  // namespace corral::config
