// Reads the parts of which values in Redis's RDB format are made, from bytes that nobody has checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corral::storage::rdb {

// A view that moves on over bytes which stay the caller's. After the first part that cannot be read it has
// failed: it stays so, and answers zeros and empty texts. Nothing is allocated that the bytes present do not
// justify.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  size_t left() const { return left_.size(); }  // bytes
  bool Fail() {                                 // returns false
    ok_ = false;
    left_ = {};
    return false;
  }

  uint8_t Byte();
  std::string_view Raw(size_t size);
  uint64_t Length();
  // How many parts follow of which each takes a byte at least: fails where there are not so many bytes.
  uint64_t Count();
  // A string as it was before it was written. Valid until the next one, or as long as the bytes.
  std::string_view String() { return String(scratch_); }
  // The same, what is not in the bytes themselves being kept in `room`.
  std::string_view String(std::string& room);
  uint64_t Fixed64();
  double Double();
  double
  TextDouble();  // a score of Redis before version 4: a length in one byte, or what has no digits; text

 private:
  template <class Number>
  Number Fixed();
  uint64_t LengthAfter(uint8_t first);
  std::string_view Decompress(std::string& room);

  std::string_view left_;
  bool ok_ = true;
  std::string scratch_;
};

}  // namespace corral::storage::rdb
