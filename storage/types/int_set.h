// The set of integers: sorted, all in the width of the widest, byte for byte Redis's intset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/types/packed_buffer.h"

namespace corral::storage {

// A view: valid while the bytes stay where they are. A lookup is O(log n), a change moves what lies behind.
//
//   | width 4: 2, 4 or 8 | count 4 | integer ... |      all little-endian, ascending, no two alike
class IntSet {
 public:
  static constexpr size_t kHeaderBytes = 8;
  static constexpr char kEmpty[kHeaderBytes + 1] = "\x02\0\0\0\0\0\0\0";

  explicit IntSet(std::string_view bytes) : bytes_(bytes.data()) {}

  size_t count() const;
  int width() const;  // bytes of each integer
  int64_t operator[](size_t index) const;
  bool Contains(int64_t value) const;
  // The index of the first integer that is not less.
  size_t LowerBound(int64_t value) const;

  // Whether bytes from outside are a set of integers in order.
  static bool Valid(std::string_view bytes);

  // False when nothing was to be done. Earlier views of the buffer are void after a change.
  static bool Insert(PackedBuffer& buffer, int64_t value);
  static bool Erase(PackedBuffer& buffer, int64_t value);

  void CheckInvariants() const;  // aborts with a message

 private:
  static int WidthOf(int64_t value);
  static void SetCount(PackedBuffer& buffer, size_t count);
  static void Widen(PackedBuffer& buffer, int width);

  const char* bytes_;
};

}  // namespace corral::storage
