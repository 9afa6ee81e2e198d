// A member of a large set that is no small integer, in one allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace corral::storage {

// A view of bytes; never constructed, only pointed at. Valid until it is destroyed; owned by the lock of the
// set's shard.
//
//   | length 1, or 255 and length 8 | text |
//
// 15 bytes take 16.
class SetMember {
 public:
  std::string_view text() const {
    const auto narrow = static_cast<uint8_t>(*bytes());
    if (narrow != kWide) [[likely]]
      return {bytes() + 1, narrow};
    uint64_t size;
    std::memcpy(&size, bytes() + 1, sizeof size);
    return {bytes() + kWideHeader, size};
  }

  SetMember() = delete;
  SetMember(const SetMember&) = delete;

  static SetMember* Create(std::string_view text);
  static void Destroy(SetMember* member);
  size_t allocated_bytes() const;

 private:
  static constexpr uint8_t kWide = 255;
  static constexpr size_t kWideHeader = 1 + sizeof(uint64_t);
  static constexpr size_t HeaderSize(size_t text_size) { return text_size < kWide ? 1 : kWideHeader; }

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
};

}  // namespace corral::storage
