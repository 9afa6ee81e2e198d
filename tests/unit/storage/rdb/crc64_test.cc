#include "storage/rdb/crc64.h"

#include <doctest/doctest.h>

#include <string>

namespace corral::storage {
namespace {

TEST_CASE("the checksum is the one that Redis's own test names") {
  CHECK(Crc64(0, "") == 0);
  CHECK(Crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);
}

TEST_CASE("in pieces or as a whole, the checksum is the same") {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    CHECK(Crc64(Crc64(0, std::string_view(bytes).substr(0, cut)), std::string_view(bytes).substr(cut)) ==
          Crc64(0, bytes));
  }
}

}  // namespace
}  // namespace corral::storage
