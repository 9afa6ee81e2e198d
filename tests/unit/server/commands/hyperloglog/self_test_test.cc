#include "server/commands/hyperloglog/self_test.h"

#include <doctest/doctest.h>

#include "tests/unit/seed.h"

namespace corral::commands {
namespace {

TEST_CASE("PFSELFTEST finds nothing wrong") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  CHECK(TestHyperLogLogs(20'000, seed) == "");
}

}  // namespace
}  // namespace corral::commands
