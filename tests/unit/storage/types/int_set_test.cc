#include "storage/types/int_set.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/storage/types/owned_buffer.h"

namespace corral::storage {
namespace {

OwnedBuffer Empty() { return OwnedBuffer({IntSet::kEmpty, IntSet::kHeaderBytes}); }

std::vector<int64_t> Contents(IntSet set) {
  std::vector<int64_t> integers;
  for (size_t i = 0; i < set.count(); ++i) integers.push_back(set[i]);
  return integers;
}

TEST_CASE("the bytes are those of Redis's intset") {
  OwnedBuffer buffer = Empty();
  CHECK(IntSet::Insert(buffer, 2));
  CHECK(IntSet::Insert(buffer, -1));
  CHECK_FALSE(IntSet::Insert(buffer, 2));
  CHECK(buffer.view() == std::string_view("\x02\0\0\0\x02\0\0\0\xff\xff\x02\0", 12));
  CHECK(IntSet::Insert(buffer, 70'000));
  CHECK(buffer.view() ==
        std::string_view("\x04\0\0\0\x03\0\0\0\xff\xff\xff\xff\x02\0\0\0\x70\x11\x01\0", 20));
}

TEST_CASE("random changes leave what a sorted set has, the width never shrinking") {
  Random random(31);
  for (const int bits : {10, 20, 63}) {
    OwnedBuffer buffer = Empty();
    std::set<int64_t> model;
    int width = 2;
    for (int step = 0; step < 3000; ++step) {
      const auto value =
          static_cast<int64_t>(random.Next()) >> (63 - random.Below(static_cast<uint64_t>(bits) + 1));
      if (random.Below(3) != 0) {
        REQUIRE(IntSet::Insert(buffer, value) == model.insert(value).second);
      } else {
        const int64_t victim =
            model.empty() || random.Below(2) == 0 ? value : *model.lower_bound(*model.begin());
        REQUIRE(IntSet::Erase(buffer, victim) == (model.erase(victim) == 1));
      }
      const IntSet set(buffer.view());
      set.CheckInvariants();
      REQUIRE(set.Contains(value) == model.contains(value));
      REQUIRE(set.width() >= width);
      width = set.width();
      if (step % 100 == 0) REQUIRE(Contents(set) == std::vector<int64_t>(model.begin(), model.end()));
    }
  }
}

TEST_CASE("what is no set of integers in order is refused") {
  const auto valid = [](std::string_view bytes) { return IntSet::Valid(bytes); };
  CHECK(valid({IntSet::kEmpty, 8}));
  CHECK_FALSE(valid({IntSet::kEmpty, 7}));
  CHECK(valid({"\x02\0\0\0\x02\0\0\0\x01\0\x02\0", 12}));
  CHECK_FALSE(valid({"\x02\0\0\0\x02\0\0\0\x02\0\x02\0", 12}));  // twice the same
  CHECK_FALSE(valid({"\x02\0\0\0\x02\0\0\0\x02\0\x01\0", 12}));  // out of order
  CHECK_FALSE(valid({"\x02\0\0\0\x03\0\0\0\x01\0\x02\0", 12}));  // more announced
  CHECK_FALSE(valid({"\x02\0\0\0\x01\0\0\0\x01\0\x02\0", 12}));  // less announced
  CHECK_FALSE(valid({"\x03\0\0\0\x01\0\0\0\x01\0\x02", 11}));    // no such width
  CHECK_FALSE(valid({"\x02\0\0\0\xff\xff\xff\xff\x01\0\x02\0", 12}));
}

}  // namespace
}  // namespace corral::storage
