#include "storage/types/int_set.h"

#include <cstring>

#include "storage/base/invariant.h"

namespace corral::storage {
namespace {

template <class Integer>
Integer Load(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

int64_t Read(const char* integers, int width, size_t index) {
  const char* at = integers + index * static_cast<size_t>(width);
  if (width == 2) return Load<int16_t>(at);
  if (width == 4) return Load<int32_t>(at);
  return Load<int64_t>(at);
}

void Write(char* integers, int width, size_t index, int64_t value) {
  std::memcpy(integers + index * static_cast<size_t>(width), &value, static_cast<size_t>(width));
}

}  // namespace

size_t IntSet::count() const { return Load<uint32_t>(bytes_ + 4); }

int IntSet::width() const { return static_cast<int>(Load<uint32_t>(bytes_)); }

int64_t IntSet::operator[](size_t index) const { return Read(bytes_ + kHeaderBytes, width(), index); }

size_t IntSet::LowerBound(int64_t value) const {
  const char* integers = bytes_ + kHeaderBytes;
  const int width = this->width();
  size_t first = 0, left = count();
  while (left > 0) {
    const size_t half = left / 2;
    if (Read(integers, width, first + half) < value) {
      first += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return first;
}

bool IntSet::Contains(int64_t value) const {
  if (WidthOf(value) > width()) return false;
  const size_t index = LowerBound(value);
  return index < count() && (*this)[index] == value;
}

bool IntSet::Valid(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return false;
  const auto width = Load<uint32_t>(bytes.data());
  if (width != 2 && width != 4 && width != 8) return false;
  const IntSet set(bytes);
  if ((bytes.size() - kHeaderBytes) / width != set.count() || (bytes.size() - kHeaderBytes) % width != 0) {
    return false;
  }
  for (size_t i = 1; i < set.count(); ++i) {
    if (set[i - 1] >= set[i]) return false;
  }
  return true;
}

int IntSet::WidthOf(int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  if (value >= INT32_MIN && value <= INT32_MAX) return 4;
  return 8;
}

void IntSet::SetCount(PackedBuffer& buffer, size_t count) {
  const auto stored = static_cast<uint32_t>(count);
  std::memcpy(buffer.data() + 4, &stored, sizeof stored);
}

void IntSet::Widen(PackedBuffer& buffer, int width) {
  const IntSet before(buffer.view());
  const int old_width = before.width();
  const size_t count = before.count();
  buffer.Splice(buffer.size(), 0, count * static_cast<size_t>(width - old_width));
  char* integers = buffer.data() + kHeaderBytes;
  for (size_t i = count; i-- > 0;) Write(integers, width, i, Read(integers, old_width, i));  // last first
  const auto stored = static_cast<uint32_t>(width);
  std::memcpy(buffer.data(), &stored, sizeof stored);
}

bool IntSet::Insert(PackedBuffer& buffer, int64_t value) {
  if (const int width = WidthOf(value); width > IntSet(buffer.view()).width()) Widen(buffer, width);
  const IntSet set(buffer.view());
  const size_t count = set.count();
  const size_t index = set.LowerBound(value);
  if (index < count && set[index] == value) return false;
  const auto width = static_cast<size_t>(set.width());
  std::memcpy(buffer.Splice(kHeaderBytes + index * width, 0, width), &value, width);
  SetCount(buffer, count + 1);
  return true;
}

bool IntSet::Erase(PackedBuffer& buffer, int64_t value) {
  const IntSet set(buffer.view());
  if (!set.Contains(value)) return false;
  const size_t count = set.count();
  const auto width = static_cast<size_t>(set.width());
  buffer.Splice(kHeaderBytes + set.LowerBound(value) * width, width, 0);
  SetCount(buffer, count - 1);
  return true;
}

void IntSet::CheckInvariants() const {
  Require(Valid({bytes_, kHeaderBytes + count() * static_cast<size_t>(width())}),
          "set of integers: the order");
}

}  // namespace corral::storage
