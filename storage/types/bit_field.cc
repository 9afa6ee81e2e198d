#include "storage/types/bit_field.h"

#include <cstddef>

namespace corral::storage {
namespace {

// Wide enough for a field of 64 bits that begins within a byte, and for the sum of two numbers.
using Wide = __int128;
using UnsignedWide = unsigned __int128;

// The lowest bits set, 0 to 64 of them.
uint64_t Mask(unsigned bits) { return bits == 0 ? 0 : ~uint64_t{0} >> (64 - bits); }

// The bits as a number of the field's kind.
int64_t Extended(uint64_t bits, const BitField& field) {
  if (!field.is_signed) return static_cast<int64_t>(bits);
  const unsigned unused = 64 - field.bits;
  return static_cast<int64_t>(bits << unused) >> unused;
}

// The bytes in which a field lies, as one number.
struct Window {
  size_t first;    // byte
  unsigned bytes;  // 1 to 9
  unsigned shift;  // bits behind the field

  explicit Window(const BitField& field)
      : first(field.offset / 8),
        bytes(static_cast<unsigned>((field.offset % 8 + field.bits + 7) / 8)),
        shift(8 * bytes - static_cast<unsigned>(field.offset % 8) - field.bits) {}

  UnsignedWide Load(std::string_view text) const {
    UnsignedWide number = 0;
    for (size_t at = first; at < first + bytes; ++at) {
      number = number << 8 | (at < text.size() ? static_cast<uint8_t>(text[at]) : 0);
    }
    return number;
  }
};

}  // namespace

int64_t ReadBitField(std::string_view bytes, const BitField& field) {
  const Window window(field);
  return Extended(static_cast<uint64_t>(window.Load(bytes) >> window.shift) & Mask(field.bits), field);
}

void WriteBitField(char* bytes, const BitField& field, int64_t value) {
  const Window window(field);
  const UnsignedWide mask = UnsignedWide{Mask(field.bits)} << window.shift;
  const UnsignedWide bits = UnsignedWide{static_cast<uint64_t>(value)} << window.shift & mask;
  UnsignedWide number = (window.Load({bytes, window.first + window.bytes}) & ~mask) | bits;
  for (size_t at = window.first + window.bytes; at-- > window.first; number >>= 8) {
    bytes[at] = static_cast<char>(number);
  }
}

std::optional<int64_t> FitBitField(const BitField& field, int64_t value, int64_t increment,
                                   BitOverflow overflow) {
  const Wide highest = static_cast<Wide>(Mask(field.is_signed ? field.bits - 1 : field.bits));
  const Wide lowest = field.is_signed ? -highest - 1 : 0;
  const Wide start = field.is_signed ? Wide{value} : static_cast<Wide>(static_cast<uint64_t>(value));
  const Wide sum = start + increment;
  if (lowest <= sum && sum <= highest) return static_cast<int64_t>(sum);
  // Redis measures the distance to the maximum in 64 bits: what lies too far below to be told so is above it.
  const bool wraps_above = field.is_signed && field.bits != 64 && highest - start > INT64_MAX;
  switch (overflow) {
    case BitOverflow::kWrap:
      return Extended(static_cast<uint64_t>(sum) & Mask(field.bits), field);
    case BitOverflow::kSaturate:
      return static_cast<int64_t>(sum > highest || wraps_above ? highest : lowest);
    case BitOverflow::kFail:
      return std::nullopt;
  }
  __builtin_unreachable();
}

}  // namespace corral::storage
