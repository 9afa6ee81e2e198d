// The seed of a random test: a new one each run, or the one that a failure printed.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace corral {

// CORRAL_SEED in the environment replays a failure. Tests name it with CAPTURE(seed).
inline uint32_t TestSeed() {
  const char* text = std::getenv("CORRAL_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : std::random_device{}();
}

}  // namespace corral
