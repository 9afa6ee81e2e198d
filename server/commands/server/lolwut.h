// LOLWUT's drawing.
#pragma once

#include <cstdint>
#include <string>

namespace corral::commands {

// A corral seen from above: a fence of posts and rails, and a herd inside; the same seed draws the same herd.
std::string DrawCorral(int columns, int rows, int animals, uint64_t seed);

}  // namespace corral::commands
