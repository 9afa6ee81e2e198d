// Redis's glob patterns (KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE): * ? [a-z^] and backslash.
#pragma once

#include <string_view>

namespace corral::storage {

// Same answers as Redis's stringmatchlen. Never exponential: only the last star is tried again, so the steps
// are at most the text's length times the pattern's.
bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

}  // namespace corral::storage
