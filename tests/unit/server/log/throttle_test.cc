// Of a kind of line only so many are logged, and the rest is told once.
#include "server/log/throttle.h"

#include <doctest/doctest.h>

namespace corral::log {
namespace {

TEST_CASE("throttle: the first lines of a period, the number of the others after it") {
  Throttle throttle("tests", 2, 1000);
  CHECK(throttle.Allows(5000));
  CHECK(throttle.Allows(5001));
  for (int i = 0; i < 7; ++i) CHECK_FALSE(throttle.Allows(5999));
  CHECK(LeftOut(5999).empty());
  CHECK(LeftOut(6000) == std::vector<std::string>{"7 more lines about tests were left out."});
  CHECK(LeftOut(7000).empty());
  CHECK(throttle.Allows(7000));
}

TEST_CASE("throttle: what was left out is told although the next period has begun") {
  Throttle throttle("tests", 1, 1000);
  CHECK(throttle.Allows(1));
  CHECK_FALSE(throttle.Allows(2));
  CHECK(throttle.Allows(1001));
  CHECK_FALSE(throttle.Allows(1002));
  CHECK(throttle.TakeLeftOut(2000) == 0);
  CHECK(throttle.TakeLeftOut(2001) == 2);
}

TEST_CASE("throttle: one that is gone is not asked") {
  {
    Throttle throttle("tests", 1, 1000);
    CHECK(throttle.Allows(1));
    CHECK_FALSE(throttle.Allows(2));
  }
  CHECK(LeftOut(100'000).empty());
}

}  // namespace
}  // namespace corral::log
