// Integers of any width in the bits of a string: what BITFIELD reads and writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace corral::storage {

// Where an integer lies and how it is stored: two's complement, highest bit first, from bit `offset` on (bit
// 0 is the highest of the first byte).
struct BitField {
  bool is_signed = false;
  unsigned bits = 1;  // 1 to 64 if signed, 1 to 63 if not, so that every value is an int64_t
  uint64_t offset = 0;

  uint64_t last_bit() const { return offset + bits - 1; }
};

// What becomes of a number that its field cannot hold.
enum class BitOverflow : uint8_t { kWrap, kSaturate, kFail };

// Behind the end of the bytes all bits are 0.
int64_t ReadBitField(std::string_view bytes, const BitField& field);
// The bytes reach to the field's last bit; the value fits.
void WriteBitField(char* bytes, const BitField& field, int64_t value);

// The value that the field holds after `value` was stored in it, or after `increment` was added to the
// `value` that it holds; nothing when that does not fit and the mode is kFail. An unsigned field takes
// `value` as an unsigned number, as Redis does: -1 is above every maximum.
std::optional<int64_t> FitBitField(const BitField& field, int64_t value, int64_t increment,
                                   BitOverflow overflow);

}  // namespace corral::storage
