#include "storage/rdb/writer.h"

#include <lzf.h>

#include <bit>
#include <cstring>

#include "storage/base/number.h"
#include "storage/rdb/encoding.h"

namespace corral::storage::rdb {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied, not converted");

template <class Number>
std::string_view BytesOf(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

}  // namespace

void Writer::Byte(uint8_t byte) { Raw(BytesOf(byte)); }

void Writer::Fixed64(uint64_t number) { Raw(BytesOf(number)); }

void Writer::Double(double number) { Raw(BytesOf(number)); }

void Writer::Length(uint64_t length) {
  if (length < 64) return Byte(static_cast<uint8_t>(kLength6 | length));
  if (length < 16384) {
    Byte(static_cast<uint8_t>(kLength14 | length >> 8));
    return Byte(static_cast<uint8_t>(length));
  }
  if (length <= UINT32_MAX) {
    Byte(kLength32);
    return Raw(BytesOf(__builtin_bswap32(static_cast<uint32_t>(length))));
  }
  Byte(kLength64);
  Raw(BytesOf(__builtin_bswap64(length)));
}

bool Writer::SmallInteger(int64_t integer) {
  if (integer >= INT8_MIN && integer <= INT8_MAX) {
    Byte(kInt8);
    Raw(BytesOf(static_cast<int8_t>(integer)));
  } else if (integer >= INT16_MIN && integer <= INT16_MAX) {
    Byte(kInt16);
    Raw(BytesOf(static_cast<int16_t>(integer)));
  } else if (integer >= INT32_MIN && integer <= INT32_MAX) {
    Byte(kInt32);
    Raw(BytesOf(static_cast<int32_t>(integer)));
  } else {
    return false;
  }
  return true;
}

void Writer::Integer(int64_t integer) {
  if (SmallInteger(integer)) return;
  IntegerText scratch;
  const std::string_view digits(scratch.digits, FormatInt64(integer, scratch.digits));
  Length(digits.size());
  Raw(digits);
}

bool Writer::Compressed(std::string_view text) {
  // lzf_compress takes lengths of 32 bits. Four bytes less than the text is what Redis asks for.
  if (text.size() > UINT32_MAX) return false;
  compressed_.resize(text.size() - 4);
  const auto size = static_cast<unsigned>(text.size());
  const unsigned written =
      lzf_compress(text.data(), size, compressed_.data(), static_cast<unsigned>(compressed_.size()));
  if (written == 0) return false;
  Byte(kLzf);
  Length(written);
  Length(text.size());
  Raw({compressed_.data(), written});
  return true;
}

void Writer::String(std::string_view text) {
  int64_t integer;
  if (text.size() <= kMaxIntegerText && ParseInt64(text, &integer) && SmallInteger(integer)) return;
  if (compress_ && text.size() > kMaxUncompressed && Compressed(text)) return;
  Length(text.size());
  Raw(text);
}

}  // namespace corral::storage::rdb
