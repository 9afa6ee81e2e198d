#include "storage/types/bit_field.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "storage/base/random.h"
#include "storage/types/bitmap.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();

BitField Signed(unsigned bits) { return {.is_signed = true, .bits = bits}; }
BitField Unsigned(unsigned bits) { return {.is_signed = false, .bits = bits}; }

// Bit by bit, as the format is defined.
int64_t SlowRead(std::string_view bytes, const BitField& field) {
  uint64_t value = field.is_signed && BitAt(bytes, field.offset) ? ~uint64_t{0} : 0;
  for (unsigned i = 0; i < field.bits; ++i) value = value << 1 | BitAt(bytes, field.offset + i);
  return static_cast<int64_t>(value);
}

TEST_CASE("bit field: what is written is read again, and no other bit changes") {
  const uint32_t seed = TestSeed();
  Random random(seed);
  CAPTURE(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (int i = 0; i < 24; ++i) bytes += static_cast<char>(random.Next());
    BitField field;
    field.is_signed = random.Below(2) == 0;
    field.bits = 1 + static_cast<unsigned>(random.Below(field.is_signed ? 64 : 63));
    field.offset = random.Below(8 * bytes.size() - field.bits + 1);
    REQUIRE(ReadBitField(bytes, field) == SlowRead(bytes, field));
    const std::string before = bytes;
    const int64_t value = *FitBitField(field, static_cast<int64_t>(random.Next()), 0, BitOverflow::kWrap);
    WriteBitField(bytes.data(), field, value);
    REQUIRE(ReadBitField(bytes, field) == value);
    for (uint64_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      if (bit < field.offset || bit > field.last_bit()) REQUIRE(BitAt(bytes, bit) == BitAt(before, bit));
    }
  }
}

TEST_CASE("bit field: behind the end of the bytes there are zeros") {
  CHECK(ReadBitField("", {.is_signed = true, .bits = 64, .offset = uint64_t{1} << 40}) == 0);
  CHECK(ReadBitField("\xff", {.is_signed = false, .bits = 8, .offset = 4}) == 0xf0);
  CHECK(ReadBitField("\xff", {.is_signed = true, .bits = 8, .offset = 4}) == -16);
}

TEST_CASE("bit field: what does not fit wraps, saturates or fails") {
  using enum BitOverflow;
  CHECK(FitBitField(Unsigned(8), 255, 1, kWrap) == 0);
  CHECK(FitBitField(Unsigned(8), 255, 1, kSaturate) == 255);
  CHECK(FitBitField(Unsigned(8), 255, 1, kFail) == std::nullopt);
  CHECK(FitBitField(Unsigned(8), 0, -1, kWrap) == 255);
  CHECK(FitBitField(Unsigned(8), 0, -1, kSaturate) == 0);
  CHECK(FitBitField(Unsigned(8), -1, 0, kSaturate) == 255);  // a value to set is taken as unsigned
  CHECK(FitBitField(Unsigned(63), kHighest, kHighest, kWrap) == kHighest - 1);
  CHECK(FitBitField(Unsigned(63), kHighest, kLowest, kSaturate) == 0);
  CHECK(FitBitField(Signed(8), 127, 1, kWrap) == -128);
  CHECK(FitBitField(Signed(8), 127, 1, kSaturate) == 127);
  CHECK(FitBitField(Signed(8), -128, -1, kWrap) == 127);
  CHECK(FitBitField(Signed(8), -128, -1, kSaturate) == -128);
  CHECK(FitBitField(Signed(8), -128, -1, kFail) == std::nullopt);
  CHECK(FitBitField(Signed(1), 0, 1, kWrap) == -1);
  CHECK(FitBitField(Signed(1), 0, 1, kSaturate) == 0);
  CHECK(FitBitField(Signed(64), kHighest, 1, kWrap) == kLowest);
  CHECK(FitBitField(Signed(64), kHighest, 1, kSaturate) == kHighest);
  // Redis takes what is too far below for 64 bits to be above.
  CHECK(FitBitField(Signed(61), -8'070'450'532'247'928'832, 0, kSaturate) == -(int64_t{1} << 60));
  CHECK(FitBitField(Signed(61), -8'070'450'532'247'928'833, 0, kSaturate) == (int64_t{1} << 60) - 1);
  CHECK(FitBitField(Signed(64), kLowest, 0, kSaturate) == kLowest);
  CHECK(FitBitField(Signed(64), kLowest, -1, kWrap) == kHighest);
  CHECK(FitBitField(Signed(64), kLowest, -1, kFail) == std::nullopt);
  CHECK(FitBitField(Signed(64), kLowest, kHighest, kFail) == -1);
}

}  // namespace
}  // namespace corral::storage
