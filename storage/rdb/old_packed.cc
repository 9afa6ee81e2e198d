#include "storage/rdb/old_packed.h"

#include <cstdint>
#include <cstring>

#include "storage/rdb/reader.h"
#include "storage/types/packed_list.h"
#include "storage/types/packed_object.h"

namespace corral::storage::rdb {
namespace {

constexpr uint8_t kEnd = 0xff, kWide = 0xfe;
constexpr size_t kZiplistHeader = 10;

// An integer of so many bytes.
int64_t LittleEndian(std::string_view bytes) {
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), bytes.size());
  const auto unused = static_cast<int>(64 - 8 * bytes.size());
  return static_cast<int64_t>(number << unused) >> unused;
}

uint32_t Unsigned32(Reader& in) {
  const std::string_view bytes = in.Raw(4);
  uint32_t number = 0;
  if (in.ok()) std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

uint32_t Unsigned16(Reader& in) {
  const uint32_t low = in.Byte();
  return low | static_cast<uint32_t>(in.Byte()) << 8;
}

// One byte, or 254 and four.
uint32_t OneOrFour(Reader& in) {
  const uint8_t first = in.Byte();
  if (first == kEnd) in.Fail();
  return first < kWide ? first : Unsigned32(in);
}

void AppendInteger(DetachedValue& out, Reader& in, size_t size) {
  const std::string_view bytes = in.Raw(size);
  if (in.ok()) PackedList::Append(out, PackedElement(LittleEndian(bytes)));
}

void AppendText(DetachedValue& out, Reader& in, size_t size) {
  const std::string_view text = in.Raw(size);
  if (in.ok()) PackedList::Append(out, PackedElement(text));
}

void AppendZiplistEntry(DetachedValue& out, Reader& in) {
  const uint8_t first = in.Byte();
  if (first < 0x40) return AppendText(out, in, first);
  if (first < 0x80) return AppendText(out, in, (size_t{first} & 0x3f) << 8 | in.Byte());
  switch (first) {
    case 0x80: {
      const uint32_t size = __builtin_bswap32(Unsigned32(in));
      return AppendText(out, in, size);
    }
    case 0xc0:
      return AppendInteger(out, in, 2);
    case 0xd0:
      return AppendInteger(out, in, 4);
    case 0xe0:
      return AppendInteger(out, in, 8);
    case 0xf0:
      return AppendInteger(out, in, 3);
    case 0xfe:
      return AppendInteger(out, in, 1);
    default:
      break;
  }
  if (first < 0xf1 || first > 0xfd) {
    in.Fail();
    return;
  }
  PackedList::Append(out, PackedElement(int64_t{first} - 0xf1));
}

}  // namespace

std::optional<std::string> PackedOfZiplist(std::string_view ziplist) {
  if (ziplist.size() < kZiplistHeader + 1 || static_cast<uint8_t>(ziplist.back()) != kEnd)
    return std::nullopt;
  Reader in(ziplist.substr(0, ziplist.size() - 1));
  const uint32_t bytes = Unsigned32(in), tail = Unsigned32(in), entries = Unsigned16(in);
  if (bytes != ziplist.size()) return std::nullopt;
  DetachedValue out(PackedForm::kList);
  size_t count = 0, last = kZiplistHeader, before = 0;
  for (; in.left() > 0; ++count) {
    const size_t left = in.left();
    last = ziplist.size() - 1 - left;
    if (OneOrFour(in) != before) return std::nullopt;
    AppendZiplistEntry(out, in);
    if (!in.ok()) return std::nullopt;
    before = left - in.left();
  }
  if (tail != last || (entries != UINT16_MAX && entries != count)) return std::nullopt;
  return std::string(out.view());
}

std::optional<std::string> PackedOfZipmap(std::string_view zipmap) {
  if (zipmap.size() < 2 || static_cast<uint8_t>(zipmap.back()) != kEnd) return std::nullopt;
  const auto pairs = static_cast<uint8_t>(zipmap.front());
  Reader in(zipmap.substr(1, zipmap.size() - 2));
  DetachedValue out(PackedForm::kList);
  size_t count = 0;
  for (; in.left() > 0; ++count) {
    AppendText(out, in, OneOrFour(in));
    const uint32_t size = OneOrFour(in);
    const uint8_t unused = in.Byte();
    AppendText(out, in, size);
    in.Raw(unused);
    if (!in.ok()) return std::nullopt;
  }
  if (pairs < kWide && pairs != count) return std::nullopt;
  return std::string(out.view());
}

}  // namespace corral::storage::rdb
