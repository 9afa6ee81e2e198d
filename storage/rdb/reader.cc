#include "storage/rdb/reader.h"

#include <lzf.h>

#include <cmath>
#include <cstring>

#include "storage/base/number.h"
#include "storage/rdb/encoding.h"

namespace corral::storage::rdb {
namespace {

// The most that LZF makes of compressed bytes: three of them repeat 264.
constexpr uint64_t kMostExpansion = 88;

}  // namespace

uint8_t Reader::Byte() { return Fixed<uint8_t>(); }

uint64_t Reader::Fixed64() { return Fixed<uint64_t>(); }

double Reader::Double() { return Fixed<double>(); }

template <class Number>
Number Reader::Fixed() {
  Number number{};
  const std::string_view bytes = Raw(sizeof number);
  if (ok_) std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

std::string_view Reader::Raw(size_t size) {
  if (size > left_.size()) {
    Fail();
    return {};
  }
  const std::string_view bytes = left_.substr(0, size);
  left_.remove_prefix(size);
  return bytes;
}

uint64_t Reader::LengthAfter(uint8_t first) {
  if (first < kLength14) return first;
  if (first < kLength32) return (uint64_t{first} & 0x3f) << 8 | Byte();
  if (first == kLength32) return __builtin_bswap32(Fixed<uint32_t>());
  if (first == kLength64) return __builtin_bswap64(Fixed<uint64_t>());
  Fail();
  return 0;
}

uint64_t Reader::Length() { return LengthAfter(Byte()); }

uint64_t Reader::Count() {
  const uint64_t count = Length();
  if (count <= left_.size()) return count;
  Fail();
  return 0;
}

std::string_view Reader::String(std::string& room) {
  const uint8_t first = Byte();
  int64_t integer = 0;
  switch (first) {
    case kInt8:
      integer = Fixed<int8_t>();
      break;
    case kInt16:
      integer = Fixed<int16_t>();
      break;
    case kInt32:
      integer = Fixed<int32_t>();
      break;
    case kLzf:
      return Decompress(room);
    default:
      return Raw(LengthAfter(first));
  }
  room = std::to_string(integer);
  return ok_ ? std::string_view(room) : std::string_view();
}

std::string_view Reader::Decompress(std::string& room) {
  const uint64_t compressed_size = Length(), size = Length();
  const std::string_view compressed = Raw(compressed_size);
  if (!ok_ || size == 0 || size > UINT32_MAX || compressed_size > UINT32_MAX ||
      size > compressed_size * kMostExpansion) {
    Fail();
    return {};
  }
  room.resize(size);
  const unsigned written = lzf_decompress(compressed.data(), static_cast<unsigned>(compressed_size),
                                          room.data(), static_cast<unsigned>(size));
  if (written == size) return room;
  Fail();
  return {};
}

double Reader::TextDouble() {
  const uint8_t size = Byte();
  switch (size) {
    case 253:
      Fail();  // no number
      return 0;
    case 254:
      return INFINITY;
    case 255:
      return -INFINITY;
    default:
      break;
  }
  double number = 0;
  if (!ParseDouble(Raw(size), &number) && ok_) Fail();
  return number;
}

}  // namespace corral::storage::rdb
