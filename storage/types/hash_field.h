// A field of a large hash with its value, in one allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/types/object.h"

namespace corral::storage {

// A view of bytes; never constructed, only pointed at. Valid until its hash changes; owned by the lock of the
// hash's shard.
//
//   | flags 1 | field length 1 or 8 | value length 1 or 8 | [expiry 8, place 4] | field | value |
//
//   flags   0 wide field length | 1 wide value length | 2 has an expiry
//   place   where it stands among the deadlines of its hash (FieldDeadlines)
//
// The allocation always has the size class of the length: 12 + 16 bytes take 31 of 32, or 43 of 48 with an
// expiry.
class HashField {
 public:
  std::string_view name() const { return {bytes() + HeaderSize(flags()), name_size()}; }
  std::string_view value() const { return {bytes() + HeaderSize(flags()) + name_size(), value_size()}; }
  bool expires() const { return (flags() & kHasExpiry) != 0; }
  int64_t expire_at_ms() const {  // Unix time; kNoExpiry without one
    return expires() ? static_cast<int64_t>(Read(HeaderSize(flags()) - kExpiryBytes)) : kNoExpiry;
  }
  // Requires expires(), both of them.
  uint32_t place() const {
    uint32_t place;
    std::memcpy(&place, bytes() + HeaderSize(flags()) - kPlaceBytes, sizeof place);
    return place;
  }
  void SetPlace(uint32_t place) {
    std::memcpy(bytes() + HeaderSize(flags()) - kPlaceBytes, &place, sizeof place);
  }

  HashField() = delete;
  HashField(const HashField&) = delete;

  static HashField* Create(std::string_view name, std::string_view value, int64_t expire_at_ms);
  // Gives it another value and expiry, in place when the size class stays. The value may be a view into this
  // field. Returns the field, which may have moved and whose place is to be set.
  static HashField* Assign(HashField* field, std::string_view value, int64_t expire_at_ms);
  static void Destroy(HashField* field);
  size_t allocated_bytes() const;
  void CheckInvariants() const;  // aborts with a message

 private:
  static constexpr uint8_t kWideName = 1;
  static constexpr uint8_t kWideValue = 2;
  static constexpr uint8_t kHasExpiry = 4;
  static constexpr size_t kWideBytes = 8;
  static constexpr size_t kPlaceBytes = 4;
  static constexpr size_t kExpiryBytes = 8 + kPlaceBytes;

  static constexpr size_t LengthSize(bool wide) { return wide ? kWideBytes : 1; }
  static constexpr size_t HeaderSize(uint8_t flags) {
    return 1 + LengthSize(flags & kWideName) + LengthSize(flags & kWideValue) +
           (flags & kHasExpiry ? kExpiryBytes : 0);
  }
  static uint8_t FlagsOf(size_t name_size, size_t value_size, int64_t expire_at_ms);

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  uint8_t flags() const { return static_cast<uint8_t>(*bytes()); }
  uint64_t Read(size_t at) const {
    uint64_t number;
    std::memcpy(&number, bytes() + at, sizeof number);
    return number;
  }
  size_t Length(size_t at, bool wide) const { return wide ? Read(at) : static_cast<uint8_t>(bytes()[at]); }
  size_t name_size() const { return Length(1, flags() & kWideName); }
  size_t value_size() const { return Length(1 + LengthSize(flags() & kWideName), flags() & kWideValue); }
  size_t size() const { return HeaderSize(flags()) + name_size() + value_size(); }
  void WriteHeader(uint8_t flags, size_t name_size, size_t value_size, int64_t expire_at_ms);
};

}  // namespace corral::storage
