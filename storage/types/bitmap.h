// The bits of a string: how they are counted, found and combined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace corral::storage {

// Bit 0 is the highest of the first byte. Both ends are included; first <= last < 8 * size of the bytes.
struct BitRange {
  uint64_t first;
  uint64_t last;
};

inline constexpr int64_t kNoBit = -1;

// The bit at `offset`; behind the end of the bytes all bits are 0.
inline bool BitAt(std::string_view bytes, uint64_t offset) {
  const uint64_t byte = offset / 8;
  return byte < bytes.size() && (static_cast<uint8_t>(bytes[byte]) >> (7 - offset % 8) & 1) != 0;
}
inline void SetBitAt(char* bytes, uint64_t offset, bool bit) {
  const auto mask = static_cast<uint8_t>(0x80 >> offset % 8);
  char& byte = bytes[offset / 8];
  byte = static_cast<char>(bit ? byte | mask : byte & ~mask);
}

// How many bits are set. All of these are O(bytes looked at) and bound by memory's speed.
uint64_t CountBits(std::string_view bytes);
uint64_t CountBits(std::string_view bytes, BitRange range);

// The first bit of this value in the range, or kNoBit.
int64_t FindBit(std::string_view bytes, BitRange range, bool bit);

// X is the first source, Y any of the others.
enum class BitOperation : uint8_t {
  kAnd,
  kOr,
  kXor,
  kNot,    // of the only source
  kDiff,   // in X and in no Y
  kDiff1,  // in a Y and not in X
  kAndOr,  // in X and in a Y
  kOne,    // in exactly one source
};

// Writes `size` bytes to `out`, which is none of the sources; a source that is shorter counts as followed by
// zero bytes. kNot takes one source, kDiff, kDiff1 and kAndOr take two at least, the others one.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out, size_t size);

}  // namespace corral::storage
