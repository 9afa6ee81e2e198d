// Redis's glob patterns (KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE): * ? [a-z^] and backslash.
#pragma once

#include <string_view>

namespace corral::storage {

// Gives the same answers as Redis's stringmatchlen. After a mismatch it goes back to the last star only, so
// it takes at most as many steps as the product of both lengths.
bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

}  // namespace corral::storage
