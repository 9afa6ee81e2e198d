// What an array keeps after a peak, and in which cases nothing is given back.
#include "storage/base/capacity.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace corral::storage {
namespace {

TEST_CASE("an array gives a peak back and keeps what is usual") {
  std::vector<uint64_t> array(kKeptBytes / sizeof(uint64_t));
  const uint64_t* place = array.data();
  array.clear();
  GiveBack(array);
  CHECK(array.capacity() == kKeptBytes / sizeof(uint64_t));
  array.push_back(1);
  CHECK(array.data() == place);

  array.resize(kKeptBytes / sizeof(uint64_t) + 1);
  array.clear();
  GiveBack(array);
  CHECK(array.capacity() == 0);

  array.resize(100);
  array.clear();
  GiveBack(array, 99 * sizeof(uint64_t));
  CHECK(array.capacity() == 0);

  std::string text(kKeptBytes + 1, 'x');
  text.clear();
  GiveBack(text);
  CHECK(text.capacity() < kKeptBytes);
}

TEST_CASE("an array that is in use stays where it is; of one with a few elements left, they stay") {
  std::vector<std::unique_ptr<size_t>> array;
  constexpr size_t kMany = 100'000;
  for (size_t i = 0; i < kMany; ++i) array.push_back(std::make_unique<size_t>(i));
  array.shrink_to_fit();
  array.resize(kMany / 4 + 1);
  GiveBack(array);
  CHECK(array.capacity() == kMany);
  array.resize(kMany / 4);
  GiveBack(array);
  CHECK(array.capacity() == kMany / 4);
  bool same = true;
  for (size_t i = 0; i < array.size(); ++i) same = same && *array[i] == i;
  CHECK(same);
}

}  // namespace
}  // namespace corral::storage
