// Redis's glob patterns (KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE): * ? [a-z^] and backslash.
#pragma once

#include <string_view>

namespace corral::storage {

// Same answers as Redis's stringmatchlen; linear in text for patterns without nested stars and never
// exponential: only the last star is retried.
bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

}  // namespace corral::storage
