// Fields of a large hash: what goes in comes out, in as few bytes as the class allows.
#include "storage/types/hash_field.h"

#include <doctest/doctest.h>

#include <string>

namespace corral::storage {
namespace {

TEST_CASE("hash field: every combination of lengths and expiry is read as it was written") {
  const size_t sizes[] = {0, 1, 12, 255, 256, 70'000};
  const int64_t expiries[] = {kNoExpiry, 0, INT64_MAX};
  for (const size_t name_size : sizes) {
    for (const size_t value_size : sizes) {
      for (const int64_t expiry : expiries) {
        const std::string name(name_size, 'n'), value(value_size, 'v');
        HashField* field = HashField::Create(name, value, expiry);
        field->CheckInvariants();
        CHECK(field->name() == name);
        CHECK(field->value() == value);
        CHECK(field->expire_at_ms() == expiry);
        CHECK(field->expires() == (expiry != kNoExpiry));
        for (const size_t other_size : sizes) {
          for (const int64_t other_expiry : expiries) {
            const std::string other(other_size, 'o');
            field = HashField::Assign(field, other, other_expiry);
            field->CheckInvariants();
            REQUIRE(field->name() == name);
            REQUIRE(field->value() == other);
            REQUIRE(field->expire_at_ms() == other_expiry);
          }
        }
        HashField::Destroy(field);
      }
    }
  }
}

TEST_CASE("hash field: 12 + 16 bytes take 32, or 48 with an expiry") {
  HashField* field = HashField::Create("field-000001", "value-0000000001", kNoExpiry);
  CHECK(field->allocated_bytes() == 32);
  field = HashField::Assign(field, field->value(), 1);
  CHECK(field->allocated_bytes() == 48);
  HashField::Destroy(field);
}

TEST_CASE("hash field: it stays where it is while the class does, and the value may be a view of itself") {
  HashField* field = HashField::Create("name", std::string(20, 'a') + "bcd", kNoExpiry);
  HashField* same = HashField::Assign(field, field->value().substr(10), kNoExpiry);
  CHECK(same == field);
  CHECK(same->value() == std::string(10, 'a') + "bcd");
  HashField* moved = HashField::Assign(same, same->value().substr(9), 1'700'000'000'000);
  CHECK(moved->value() == "abcd");
  CHECK(moved->name() == "name");
  HashField::Destroy(moved);
}

}  // namespace
}  // namespace corral::storage
