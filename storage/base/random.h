// A small, fast, seeded generator of random numbers: choices of the engine and of its tests, never secrets.
#pragma once

#include <bit>
#include <cstdint>

namespace corral::storage {

// xoshiro256** 1.0 by David Blackman and Sebastiano Vigna (prng.di.unimi.it, public domain). Their splitmix64
// fills the state, so any seed is good, 0 included. The same seed gives the same numbers on every machine.
// Owned by one thread or lock.
class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, n); n > 0. By multiplication: the bias is below n / 2^64.
  uint64_t Below(uint64_t n) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * n) >> 64);
  }

  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_[4];
};

// A seed from the system, for what an outsider must not be able to predict (the key hash).
uint64_t SystemSeed();

}  // namespace corral::storage
