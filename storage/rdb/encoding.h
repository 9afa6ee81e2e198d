// The first byte of a length or a string in Redis's RDB format, which writer and reader share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace corral::storage::rdb {

//   00nnnnnn              a length of 6 bits
//   01nnnnnn 1            of 14 bits, big-endian, as are the next
//   10000000 4            of 32 bits
//   10000001 8            of 64 bits
//   110000ee              a string that is not its bytes: an integer of 1, 2 or 4 bytes, little-endian, or
//   LZF
//                         (length of the compressed bytes, length of the text, compressed bytes)
inline constexpr uint8_t kLength6 = 0x00, kLength14 = 0x40, kLength32 = 0x80, kLength64 = 0x81;
inline constexpr uint8_t kInt8 = 0xc0, kInt16 = 0xc1, kInt32 = 0xc2, kLzf = 0xc3;

// Longer texts are compressed, shorter ones may be integers.
inline constexpr size_t kMaxUncompressed = 20;
inline constexpr size_t kMaxIntegerText = 11;

}  // namespace corral::storage::rdb
