#include "storage/types/packed_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "storage/base/invariant.h"

namespace corral::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "packed values are copied, not converted");

constexpr uint8_t kEndByte = 0xff;
constexpr size_t kMaxBackLengthBytes = 5;

template <class Integer>
Integer Load(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

uint8_t Byte(const char* at) { return static_cast<uint8_t>(*at); }

// How many bytes the length behind an element of `length` bytes takes. The bounds are Redis's: one below what
// would fit, from the second on.
size_t BackLengthBytes(size_t length) {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  if (length < 268435455) return 4;
  return 5;
}

struct Extent {
  size_t head = 0;  // bytes before the text
  size_t text = 0;  // bytes of text; 0 for an integer
};

// What the first byte says of the encodings that have their length in it; the others have it in the bytes
// that follow, of which `head` are needed.
struct Heading {
  uint8_t head;
  bool valid;
};

Heading HeadingOf(uint8_t first) {
  if (first < 0x80 || (first & 0xc0) == 0x80) return {1, true};
  if ((first & 0xe0) == 0xc0 || (first & 0xf0) == 0xe0) return {2, true};
  switch (first) {
    case 0xf0:
      return {5, true};
    case 0xf1:
      return {3, true};
    case 0xf2:
      return {4, true};
    case 0xf3:
      return {5, true};
    case 0xf4:
      return {9, true};
    default:
      return {1, false};
  }
}

// Requires that the bytes of the heading can be read.
Extent ExtentOf(const char* at) {
  const uint8_t first = Byte(at);
  if (first < 0x80) return {1, 0};
  if ((first & 0xc0) == 0x80) return {1, size_t{first} & 0x3f};
  if ((first & 0xe0) == 0xc0) return {2, 0};
  if ((first & 0xf0) == 0xe0) return {2, (size_t{first} & 0x0f) << 8 | Byte(at + 1)};
  if (first == 0xf0) return {5, Load<uint32_t>(at + 1)};
  return {HeadingOf(first).head, 0};
}

// The length that ends at `last`, read backwards; no value when it does not end within five bytes, or leaves
// the `available` ones.
std::optional<size_t> BackLength(const char* last, size_t available) {
  size_t length = 0;
  for (size_t i = 0; i < kMaxBackLengthBytes && i < available; ++i) {
    const uint8_t byte = Byte(last - i);
    length |= size_t{byte & 0x7fu} << (7 * i);
    if (!(byte & 0x80)) return length;
  }
  return std::nullopt;
}

}  // namespace

PackedElement::PackedElement(std::string_view text) {
  int64_t integer;
  if (text.size() < kIntegerDigits && ParseInt64(text, &integer)) {
    SetInteger(integer);
    return;
  }
  text_ = text;
  const size_t size = text.size();
  if (size < 64) {
    head_[0] = static_cast<char>(0x80 | size);
    head_size_ = 1;
  } else if (size < 4096) {
    head_[0] = static_cast<char>(0xe0 | size >> 8);
    head_[1] = static_cast<char>(size);
    head_size_ = 2;
  } else {
    const auto wide = static_cast<uint32_t>(size);
    head_[0] = static_cast<char>(0xf0);
    std::memcpy(head_ + 1, &wide, sizeof wide);
    head_size_ = 5;
  }
  SetBackLength();
}

PackedElement::PackedElement(int64_t integer) { SetInteger(integer); }

void PackedElement::SetInteger(int64_t integer) {
  const auto write = [&](int encoding, uint8_t bytes) {
    head_[0] = static_cast<char>(encoding);
    std::memcpy(head_ + 1, &integer, bytes);
    head_size_ = static_cast<uint8_t>(1 + bytes);
  };
  if (integer >= 0 && integer <= 127) {
    head_[0] = static_cast<char>(integer);
    head_size_ = 1;
  } else if (integer >= -4096 && integer <= 4095) {
    head_[0] = static_cast<char>(0xc0 | (integer >> 8 & 0x1f));
    head_[1] = static_cast<char>(integer);
    head_size_ = 2;
  } else if (integer >= INT16_MIN && integer <= INT16_MAX) {
    write(0xf1, 2);
  } else if (integer >= -(1 << 23) && integer < 1 << 23) {
    write(0xf2, 3);
  } else if (integer >= INT32_MIN && integer <= INT32_MAX) {
    write(0xf3, 4);
  } else {
    write(0xf4, 8);
  }
  SetBackLength();
}

void PackedElement::SetBackLength() {
  size_t length = head_size_ + text_.size();
  back_size_ = static_cast<uint8_t>(BackLengthBytes(length));
  for (size_t i = back_size_; i-- > 0; length >>= 7) {
    back_[i] = static_cast<char>((length & 0x7f) | (i > 0 ? 0x80 : 0));
  }
}

char* PackedElement::Write(char* out) const {
  std::memcpy(out, head_, head_size_);
  out += head_size_;
  if (!text_.empty()) std::memcpy(out, text_.data(), text_.size());
  out += text_.size();
  std::memcpy(out, back_, back_size_);
  return out + back_size_;
}

// An element that is searched for. Its last eight bytes, the length behind it among them, tell it from most
// others at the cost of one load.
class PackedList::Pattern {
 public:
  explicit Pattern(const PackedElement& element)
      : element_(element), size_(element.size()), shift_(size_ < kTail ? 8 * (kTail - size_) : 0) {
    char bytes[kTail + sizeof element.head_ + kTail + sizeof element.back_] = {};
    char* end = bytes + kTail;
    const auto append = [&](std::string_view text) {
      if (!text.empty()) std::memcpy(end, text.data(), text.size());
      end += text.size();
    };
    const std::string_view text = element.text_;
    append({element.head_, element.head_size_});
    append(text.substr(text.size() - std::min(text.size(), kTail)));
    append({element.back_, element.back_size_});
    tail_ = Load<uint64_t>(end - kTail);
  }

  // Whether the element that ends at `end` is this one. At least eight bytes lie before it: those of the
  // header, and two of the shortest element.
  bool EndsAt(const char* end) const {
    if ((Load<uint64_t>(end - kTail) ^ tail_) >> shift_ != 0) [[likely]]
      return false;
    return size_ <= kTail || IsAt(end - size_);
  }

 private:
  static constexpr size_t kTail = sizeof(uint64_t);

  bool IsAt(const char* at) const {
    return std::memcmp(at, element_.head_, element_.head_size_) == 0 &&
           std::string_view(at + element_.head_size_, element_.text_.size()) == element_.text_;
  }

  const PackedElement& element_;
  const size_t size_;
  const size_t shift_;
  uint64_t tail_;
};

size_t PackedList::bytes() const { return Load<uint32_t>(bytes_); }

size_t PackedList::count() const {
  const auto known = Load<uint16_t>(bytes_ + 4);
  if (known != kManyElements) [[likely]]
    return known;
  size_t count = 0;
  for (Position at = begin(); at != end(); at = Next(at)) ++count;
  return count;
}

size_t PackedList::BytesOfLongText(Position at) const {
  const Extent extent = ExtentOf(bytes_ + at);
  const size_t length = extent.head + extent.text;
  return length + BackLengthBytes(length);
}

PackedList::Position PackedList::PreviousOfMore(Position at) const {
  const size_t length = *BackLength(bytes_ + at - 1, at);
  return at - static_cast<Position>(length + BackLengthBytes(length));
}

PackedList::Position PackedList::At(size_t index) const {
  const auto known = Load<uint16_t>(bytes_ + 4);
  if (known != kManyElements) {
    if (index >= known) return end();
    if (index > known / 2u) return FromEnd(known - 1 - index);  // nearer from there
  }
  Position at = begin();
  while (index-- > 0 && at != end()) at = Next(at);
  return at;
}

PackedList::Position PackedList::FromEnd(size_t index) const {
  Position at = end();
  for (;; --index) {
    if (at == begin()) return end();
    at = Previous(at);
    if (index == 0) return at;
  }
}

PackedList::Element PackedList::operator[](Position at) const {
  const char* bytes = bytes_ + at;
  const uint8_t first = Byte(bytes);
  if (first < 0x80) return {true, first, {}};
  if ((first & 0xc0) == 0x80) return {false, 0, {bytes + 1, size_t{first} & 0x3f}};
  if ((first & 0xe0) == 0xc0) {
    const int value = (first & 0x1f) << 8 | Byte(bytes + 1);
    return {true, value < 4096 ? value : value - 8192, {}};
  }
  switch (first) {
    case 0xf1:
      return {true, Load<int16_t>(bytes + 1), {}};
    case 0xf2: {
      uint32_t value = 0;
      std::memcpy(&value, bytes + 1, 3);
      return {true, static_cast<int32_t>(value << 8) >> 8, {}};
    }
    case 0xf3:
      return {true, Load<int32_t>(bytes + 1), {}};
    case 0xf4:
      return {true, Load<int64_t>(bytes + 1), {}};
    default:
      break;
  }
  const Extent extent = ExtentOf(bytes);
  return {false, 0, {bytes + extent.head, extent.text}};
}

PackedList::Position PackedList::Find(std::string_view text, Position at) const {
  const PackedElement element(text);
  const Pattern pattern(element);
  for (const Position last = end(); at != last;) {
    const Position next = Next(at);
    if (pattern.EndsAt(bytes_ + next)) return at;
    at = next;
  }
  return at;
}

PackedList::Position PackedList::FindName(const PackedElement& name, size_t size, Position first,
                                          size_t* index) const {
  const Pattern pattern(name);
  const auto is_name = [&](Position at) { return pattern.EndsAt(bytes_ + Next(at)); };
  const Group found = size == 1   ? FromBothEnds<1>(first, is_name, is_name)
                      : size == 2 ? FromBothEnds<2>(first, is_name, is_name)
                                  : FromBothEnds<3>(first, is_name, is_name);
  if (found.met == Group::Met::kNone) return end();
  if (index != nullptr) *index = found.index;
  return found.name;
}

bool PackedList::Valid(std::string_view bytes) {
  if (bytes.size() < kEmptyBytes || bytes.size() > UINT32_MAX) return false;
  if (Load<uint32_t>(bytes.data()) != bytes.size() || Byte(&bytes.back()) != kEndByte) return false;
  const size_t end = bytes.size() - 1;
  size_t count = 0;
  for (size_t at = kHeaderBytes; at != end; ++count) {
    const char* element = bytes.data() + at;
    const size_t left = end - at;
    const Heading heading = HeadingOf(Byte(element));
    if (!heading.valid || heading.head > left) return false;
    const Extent extent = ExtentOf(element);
    const size_t length = extent.head + extent.text;
    const size_t all = length + BackLengthBytes(length);
    if (all > left) return false;
    // As short as it can be: walking back must arrive where walking on has left.
    if (BackLength(element + all - 1, all - length) != length || (Byte(element + length) & 0x80))
      return false;
    at += all;
  }
  const auto known = Load<uint16_t>(bytes.data() + 4);
  return known == kManyElements || known == count;
}

void PackedList::SetHeader(PackedBuffer& buffer, int64_t elements_more) {
  const auto size = static_cast<uint32_t>(buffer.size());
  std::memcpy(buffer.data(), &size, sizeof size);
  const auto known = Load<uint16_t>(buffer.data() + 4);
  if (known == kManyElements) return;  // stays unknown, as in Redis: only a walk could tell
  const int64_t count = known + elements_more;
  const auto stored = count < kManyElements ? static_cast<uint16_t>(count) : kManyElements;
  std::memcpy(buffer.data() + 4, &stored, sizeof stored);
}

void PackedList::Splice(PackedBuffer& buffer, Position first, Position last, size_t removed,
                        const PackedElement* elements, size_t added) {
  size_t bytes = 0;
  for (size_t i = 0; i < added; ++i) bytes += elements[i].size();
  // As many bytes as before: a value that is replaced by one of its length. Nothing moves.
  const bool stays = bytes == last - first;
  char* out = stays ? buffer.data() + first : buffer.Splice(first, last - first, bytes);
  for (size_t i = 0; i < added; ++i) out = elements[i].Write(out);
  SetHeader(buffer, static_cast<int64_t>(added) - static_cast<int64_t>(removed));
}

void PackedList::Erase(PackedBuffer& buffer, Position at, size_t elements) {
  const PackedList list(buffer.view());
  Position last = at;
  size_t removed = 0;
  for (; removed < elements && last != list.end(); ++removed) last = list.Next(last);
  Splice(buffer, at, last, removed, nullptr, 0);
}

void PackedList::AppendAll(PackedBuffer& buffer, PackedList other) {
  const Position end = PackedList(buffer.view()).end();
  const size_t bytes = other.end() - other.begin();
  std::memcpy(buffer.Splice(end, 0, bytes), other.bytes_ + other.begin(), bytes);
  SetHeader(buffer, static_cast<int64_t>(other.count()));
}

void PackedList::CheckInvariants() const {
  Require(Valid({bytes_, bytes()}), "packed list: an element cannot be read");
}

}  // namespace corral::storage
