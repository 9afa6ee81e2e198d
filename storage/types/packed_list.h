// The packed list: short strings and integers behind each other in one run of bytes, byte for byte Redis's
// listpack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/base/number.h"
#include "storage/types/packed_buffer.h"

namespace corral::storage {

// An element as it is to be written: text that reads as a canonical int64 is kept as an integer.
class PackedElement {
 public:
  // The text stays the caller's and must not lie in the list that is changed.
  explicit PackedElement(std::string_view text);
  explicit PackedElement(int64_t integer);

  static constexpr size_t kMostOverhead = 10;  // bytes beside those of a text

  size_t size() const { return head_size_ + text_.size() + back_size_; }
  char* Write(char* out) const;  // size() bytes; returns their end

 private:
  friend class PackedList;
  void SetInteger(int64_t integer);
  void SetBackLength();

  std::string_view text_;  // empty for an integer, whose bytes are all in head_
  char head_[9];
  char back_[5];
  uint8_t head_size_ = 0;
  uint8_t back_size_ = 0;
};

// The bytes of an element with the length behind it, by its first byte; 0: that is not enough to tell.
inline constexpr std::array<uint8_t, 256> kPackedElementBytes = [] {
  std::array<uint8_t, 256> bytes{};
  for (size_t first = 0; first < 0x80; ++first) bytes[first] = 2;
  for (size_t first = 0x80; first < 0xc0; ++first) bytes[first] = static_cast<uint8_t>(first - 0x80 + 2);
  for (size_t first = 0xc0; first < 0xe0; ++first) bytes[first] = 3;
  bytes[0xf1] = 4;
  bytes[0xf2] = 5;
  bytes[0xf3] = 6;
  bytes[0xf4] = 10;
  return bytes;
}();

// A view: valid while the bytes stay where they are. Positions are offsets from the start of the bytes.
//
//   | bytes 4 | elements 2 | element ... | 0xff |         all little-endian; elements 65535: more, count them
//   element:  | encoding and data | length of that, 1 to 5 bytes, readable from the end |
//
//   0xxxxxxx                  integer 0 to 127
//   10xxxxxx text             up to 63 bytes
//   110xxxxx 1                integer of 13 bits
//   1110xxxx 1 text           up to 4095 bytes
//   11110000 4 text           up to 2^32 - 1 bytes
//   11110001 2 .. 11110100 8  integer of 16, 24, 32 or 64 bits
//
// In a value every element has its shortest encoding, so that equal ones have equal bytes: a list from
// outside that is not so is written anew (storage/rdb).
//
// Source: Redis's listpack specification, github.com/antirez/listpack.
class PackedList {
 public:
  using Position = uint32_t;
  static constexpr size_t kHeaderBytes = 6;
  static constexpr size_t kEmptyBytes = kHeaderBytes + 1;
  static constexpr char kEmpty[kEmptyBytes + 1] = "\x07\0\0\0\0\0\xff";
  static constexpr size_t kMaxBytes = size_t{1} << 30;  // Redis grows none beyond

  struct Element {
    bool is_integer = false;
    int64_t integer = 0;    // of an integer
    std::string_view text;  // of a text

    // As the list keeps it: an integer if the text reads as one.
    static Element Of(std::string_view text) {
      Element element{.text = text};
      if (text.size() < kIntegerDigits && ParseInt64(text, &element.integer)) {
        element.is_integer = true;
        element.text = {};
      }
      return element;
    }
    std::string_view Text(IntegerText& scratch) const {  // either, printed into `scratch` if need be
      if (!is_integer) return text;
      return {scratch.digits, FormatInt64(integer, scratch.digits)};
    }
    bool operator==(std::string_view other) const {
      IntegerText scratch;
      return Text(scratch) == other;
    }
  };

  explicit PackedList(std::string_view bytes) : bytes_(bytes.data()) {}

  size_t bytes() const;
  size_t count() const;  // O(1) below 65535 elements, else a walk
  bool empty() const { return begin() == end(); }

  Position begin() const { return kHeaderBytes; }
  Position end() const { return static_cast<Position>(bytes() - 1); }
  Position Next(Position at) const { return at + static_cast<Position>(ElementBytes(at)); }
  Position Previous(Position at) const {  // requires at != begin()
    const auto length = static_cast<uint8_t>(bytes_[at - 1]);
    return length < 0x80 ? at - length - 1 : PreviousOfMore(at);
  }
  Position At(size_t index) const;          // end() when there are not so many
  Position FromEnd(size_t index) const;     // 0 is the last element; end() when there are not so many
  Element operator[](Position at) const;    // requires at != end()
  size_t ElementBytes(Position at) const {  // with the length behind it
    const auto first = static_cast<uint8_t>(bytes_[at]);
    // By arithmetic first: a walk waits for one element's length to find the next one's.
    if ((first & 0xc0) == 0x80) [[likely]]
      return (first & 0x3fu) + 2;
    const size_t bytes = kPackedElementBytes[first];
    return bytes != 0 ? bytes : BytesOfLongText(at);
  }

  // The first element from `at` on that equals `text`; end() if there is none.
  Position Find(std::string_view text, Position at) const;

  // ---- Groups of kSize elements: a name, and what belongs to it. ----

  // Where a walk over groups has stopped.
  struct Group {
    enum class Met : uint8_t { kFromBegin, kFromEnd, kNone };
    Met met;        // kNone: the walks from both ends have met in front of `name`
    Position name;  // of the group
    size_t index;   // of the group, if the walk began at begin()
  };
  // Walks over the groups from `first` on, from both ends by turns, until front_stops(name) or
  // back_stops(name) returns true. Two walks at once take little longer than one, because each mostly waits
  // for its own loads.
  template <size_t kSize, class FrontStops, class BackStops>
  Group FromBothEnds(Position first, const FrontStops& front_stops, const BackStops& back_stops) const;
  // Among groups of `size` elements from `first` on, 1 to 3, of which no two have the same name: the one of
  // this name; end() if there is none. Its index among all goes to *index if `first` is begin().
  Position FindName(const PackedElement& name, size_t size, Position first = kHeaderBytes,
                    size_t* index = nullptr) const;
  Position FindName(std::string_view name, size_t size, Position first = kHeaderBytes) const {
    return FindName(PackedElement(name), size, first);
  }

  // Whether bytes from outside are a packed list whose every element can be read in both directions, be it
  // as short as it can be or not.
  static bool Valid(std::string_view bytes);

  // ---- Changes. Earlier views of the buffer are void after each. ----

  static void Insert(PackedBuffer& buffer, Position at, const PackedElement& element) {
    Splice(buffer, at, at, 0, &element, 1);
  }
  static void Append(PackedBuffer& buffer, const PackedElement& element) {
    Insert(buffer, PackedList(buffer.view()).end(), element);
  }
  static void Replace(PackedBuffer& buffer, Position at, const PackedElement& element) {
    Splice(buffer, at, PackedList(buffer.view()).Next(at), 1, &element, 1);
  }
  static void Erase(PackedBuffer& buffer, Position at, size_t elements);  // as many as there are
  // Replaces the `removed` elements from `first` to before `last` by `added` ones.
  static void Splice(PackedBuffer& buffer, Position first, Position last, size_t removed,
                     const PackedElement* elements, size_t added);
  // Appends all elements of `other`, which lies in other bytes.
  static void AppendAll(PackedBuffer& buffer, PackedList other);

  void CheckInvariants() const;  // aborts with a message

 private:
  static constexpr uint16_t kManyElements = 65535;
  class Pattern;

  size_t BytesOfLongText(Position at) const;
  Position PreviousOfMore(Position at) const;  // whose length takes several bytes
  template <size_t kElements>
  Position Skip(Position at) const {
    for (size_t i = 0; i < kElements; ++i) at = Next(at);
    return at;
  }
  template <size_t kElements>
  Position SkipBack(Position at) const {
    for (size_t i = 0; i < kElements; ++i) at = Previous(at);
    return at;
  }
  static void SetHeader(PackedBuffer& buffer, int64_t elements_more);

  const char* bytes_;
};

template <size_t kSize, class FrontStops, class BackStops>
PackedList::Group PackedList::FromBothEnds(Position first, const FrontStops& front_stops,
                                           const BackStops& back_stops) const {
  Position front = first, back = end();
  size_t before = 0, behind = 0;  // groups that were passed
  while (front != back) {
    if (front_stops(front)) return {Group::Met::kFromBegin, front, before};
    front = Skip<kSize>(front);
    ++before;
    if (front == back) break;
    const Position name = SkipBack<kSize>(back);
    ++behind;
    if (back_stops(name)) return {Group::Met::kFromEnd, name, count() / kSize - behind};
    back = name;
  }
  return {Group::Met::kNone, front, before};
}

}  // namespace corral::storage
