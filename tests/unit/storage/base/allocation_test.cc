// Raw memory: the sizes that the allocator gives.
#include "storage/base/allocation.h"

#include <doctest/doctest.h>

namespace corral::storage {
namespace {

TEST_CASE("size classes are the allocator's") {
  CHECK(SizeClass(1) == 16);
  CHECK(SizeClass(17) == 32);
  CHECK(SizeClass(128) == 128);
  CHECK(SizeClass(129) == 160);
  CHECK(SizeClass(160) == 160);
  CHECK(SizeClass(161) == 192);
  CHECK(SizeClass(256) == 256);
  CHECK(SizeClass(257) == 320);
  CHECK(SizeClass(1025) == 1280);
  CHECK(SizeClass(16384) == 16384);
  CHECK(SizeClass(16385) == 20480);
}

}  // namespace
}  // namespace corral::storage
