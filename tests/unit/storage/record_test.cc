// Records: what they cost, and values that change their form in place or not.
#include "storage/record.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kSomeMs = 1'700'000'000'123;

Record* Make(std::string_view key, std::string_view value, int64_t expire_at_ms = kNoExpiry) {
  return Record::Create(key, Record::Value::Of(value, true, false), expire_at_ms);
}

std::string TextOf(const Record* record) {
  IntegerText scratch;
  return std::string(record->String(scratch));
}

TEST_CASE("record: a key of 16 and a value of 32 bytes take 64 bytes, with an expiry too") {
  Record* record = Make(std::string(16, 'k'), std::string(32, 'v'));
  CHECK(record->size() == 51);
  CHECK(record->allocated_bytes() == 64);
  Record* moved = Record::SetExpiry(record, kSomeMs);
  CHECK(moved == record);
  CHECK(record->size() == 59);
  CHECK(record->allocated_bytes() == 64);
  CHECK(record->expire_at_ms() == kSomeMs);
  CHECK(record->key() == std::string(16, 'k'));
  CHECK(TextOf(record) == std::string(32, 'v'));
  record = Record::SetExpiry(record, kNoExpiry);
  CHECK(record->size() == 51);
  CHECK(record->expire_at_ms() == kNoExpiry);
  CHECK(TextOf(record) == std::string(32, 'v'));
  Record::Destroy(record);
}

TEST_CASE("record: integers are stored by their width and come back as text") {
  struct Row {
    int64_t value;
    size_t bytes;
  };
  const Row rows[] = {{0, 1},
                      {-1, 1},
                      {127, 1},
                      {-128, 1},
                      {128, 2},
                      {-129, 2},
                      {32767, 2},
                      {32768, 4},
                      {-2147483648LL, 4},
                      {2147483648LL, 8},
                      {std::numeric_limits<int64_t>::max(), 8},
                      {std::numeric_limits<int64_t>::min(), 8}};
  for (const Row& row : rows) {
    const std::string text = std::to_string(row.value);
    CAPTURE(text);
    Record* record = Make("key", text);
    CHECK(record->encoding() == Encoding::kInt);
    CHECK(record->integer() == row.value);
    CHECK(record->size() == 3 + 3 + row.bytes);
    CHECK(TextOf(record) == text);
    CHECK(record->string_size() == text.size());
    record->CheckInvariants();
    Record::Destroy(record);
  }
  for (const char* text : {"", "-", "01", "+1", " 1", "1 ", "-0", "9223372036854775808", "1.0", "a",
                           "99999999999999999999999"}) {
    CAPTURE(text);
    Record* record = Make("key", text);
    CHECK(record->encoding() == Encoding::kEmbstr);
    CHECK(TextOf(record) == text);
    Record::Destroy(record);
  }
}

TEST_CASE("record: encodings as Redis names them") {
  Record* record = Make("key", std::string(44, 'x'));
  CHECK(record->encoding() == Encoding::kEmbstr);
  Record::Destroy(record);
  record = Make("key", std::string(45, 'x'));
  CHECK(record->encoding() == Encoding::kRaw);
  Record::Destroy(record);
  record = Record::Create("key", Record::Value::Of(std::string_view("12"), true, true), kNoExpiry);
  CHECK(record->encoding() == Encoding::kRaw);
  Record::Destroy(record);
  record = Record::Create("key", Record::Value::Of(std::string_view("12"), false, false), kNoExpiry);
  CHECK(record->encoding() == Encoding::kEmbstr);
  record = Record::Resize(record, 3);
  CHECK(record->encoding() == Encoding::kRaw);
  Record::Destroy(record);
}

TEST_CASE("record: a raw text that keeps its size stays where it is") {
  Record* record = Record::Resize(Make("key", "abc"), 100);
  Record* same = Record::Resize(record, 100);
  CHECK(same == record);
  CHECK(TextOf(same) == "abc" + std::string(97, '\0'));
  Record::Destroy(same);
}

TEST_CASE("record: a value that is a view into the record itself may be assigned to it") {
  Remains old;
  Record* record = Make("key", "0123456789abcdef");
  IntegerText scratch;
  record = Record::Assign(record, Record::Value::Of(record->String(scratch).substr(4), false, false), kSomeMs,
                          &old);
  CHECK(TextOf(record) == "456789abcdef");
  record = Record::Assign(record, Record::Value::Of(record->String(scratch).substr(2), false, false), kSomeMs,
                          &old);
  CHECK(TextOf(record) == "6789abcdef");
  CHECK(record->expire_at_ms() == kSomeMs);
  CHECK(!old);
  record = Record::Resize(record, 2 * kLargeValue);
  record = Record::Assign(record, Record::Value::Of(record->String(scratch).substr(0, 10), false, false),
                          kNoExpiry, &old);
  CHECK(TextOf(record) == "6789abcdef");
  CHECK(old.large.size() == 2 * kLargeValue);
  Record::Destroy(record);
}

TEST_CASE("record: a large value is held, shared and copied only when somebody else has it") {
  const std::string text(kLargeValue, 'x');
  Record* record = Make("key", text);
  CHECK(record->encoding() == Encoding::kRaw);
  CHECK(record->string_size() == kLargeValue);
  CHECK(record->allocated_bytes() > kLargeValue);
  SharedBytes reply = record->Large();
  CHECK(!reply.unique());
  record = Record::Resize(record, kLargeValue + 1);
  record->text_data()[0] = 'y';
  CHECK(reply.view() == text);
  CHECK(reply.unique());
  CHECK(TextOf(record) == "y" + text.substr(1) + std::string(1, '\0'));
  const char* before = record->text_data();
  record = Record::Resize(record, kLargeValue + 100);  // within what growing added
  CHECK(record->text_data() == before);
  record = Record::Resize(record, 5);
  CHECK(!record->Large());
  CHECK(TextOf(record) == "yxxxx");
  Record::Destroy(record);
}

TEST_CASE("record: random assignments, sizes and expiries against a string") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (const size_t key_size : {size_t{0}, size_t{1}, size_t{16}, size_t{255}, size_t{256}, size_t{70'000}}) {
    const std::string key(key_size, 'k');
    std::string model = "start";
    int64_t expiry = kNoExpiry;
    Record* record = Make(key, model);
    for (int step = 0; step < 3000; ++step) {
      const size_t size = random.Below(20) == 0 ? random.Below(3 * kLargeValue) : random.Below(600);
      switch (random.Below(4)) {
        case 0: {
          model = random.Below(3) == 0
                      ? std::to_string(static_cast<int64_t>(random.Next() >> random.Below(64)))
                      : std::string(size, static_cast<char>('a' + random.Below(26)));
          if (random.Below(2) == 0) expiry = static_cast<int64_t>(random.Below(uint64_t{1} << 47));
          Remains old;
          record =
              Record::Assign(record, Record::Value::Of(std::string_view(model), true, false), expiry, &old);
          break;
        }
        case 1:
          record = Record::Resize(record, size);
          model.resize(size);
          break;
        case 2:
          expiry = random.Below(2) == 0 ? kNoExpiry : static_cast<int64_t>(random.Below(uint64_t{1} << 47));
          record = Record::SetExpiry(record, expiry);
          break;
        default: {
          Record* copy = Record::Create(key, Record::Value::Of(*record), expiry);
          CHECK(copy->encoding() == record->encoding());
          Record::Destroy(record);
          record = copy;
        }
      }
      record->CheckInvariants();
      REQUIRE(TextOf(record) == model);
      REQUIRE(record->key() == key);
      REQUIRE(record->expire_at_ms() == expiry);
    }
    Record::Destroy(record);
  }
}

}  // namespace
}  // namespace corral::storage
