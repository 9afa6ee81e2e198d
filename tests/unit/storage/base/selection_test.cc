// A choice of some of many: as many as wanted, each thing as often as the others.
#include "storage/base/selection.h"

#include <doctest/doctest.h>

#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

TEST_CASE("a selection takes as many as wanted, and each thing as often as the others") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr int kThings = 10, kRounds = 30'000;
  for (const uint64_t wanted : {0, 1, 3, 9, 10, 11}) {
    int taken[kThings] = {};
    for (int round = 0; round < kRounds; ++round) {
      Selection selection(wanted, kThings, random);
      int count = 0;
      for (int& times : taken) {
        if (!selection.Takes()) continue;
        ++times;
        ++count;
      }
      REQUIRE(count == static_cast<int>(std::min<uint64_t>(wanted, kThings)));
    }
    const double expected = static_cast<double>(std::min<uint64_t>(wanted, kThings)) * kRounds / kThings;
    double chi_square = 0;
    for (const int times : taken) {
      if (expected > 0) chi_square += (times - expected) * (times - expected) / expected;
    }
    CHECK(chi_square < 45);  // 9 degrees of freedom: exceeded once in a million
  }
}

}  // namespace
}  // namespace corral::storage
