// How all stamps of a table change their meaning, little by little.
#pragma once

#include <array>
#include <cstdint>

namespace corral::storage {

// A table may hold millions of stamps, and nobody may wait until all are translated. So each segment of its
// index knows the round that its stamps belong to. While a round is under way, whoever is about to read or
// write a stamp brings its segment up to the round first, and the others follow little by little. Owned by
// the lock of the table.
struct StampTranslation {
  uint8_t round = 0;
  bool under_way = false;         // segments of earlier rounds may be left
  std::array<uint8_t, 256> to{};  // by the stamp of the round before
};

}  // namespace corral::storage
