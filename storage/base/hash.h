// The seeded key hash.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace corral::storage {

// XXH3 with a seed drawn at random, so that an outsider cannot choose keys that collide.
class KeyHasher {
 public:
  explicit KeyHasher(uint64_t seed) : seed_(seed) {}
  // With a seed of its own: two tables with one seed have their entries in one order, and filling a table in
  // its own order leads from one crowded bucket to the next.
  static KeyHasher Unpredictable();
  uint64_t operator()(std::string_view key) const {
    return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
  }

 private:
  uint64_t seed_;
};

}  // namespace corral::storage
