#include "storage/types/packed_hash_ex.h"

#include <string>

namespace corral::storage {

PackedHashEx::Position PackedHashEx::FirstLive(int64_t now_ms, size_t* overdue) const {
  *overdue = 0;
  Position at = list_.begin();
  for (const Position end = list_.end(); at != end; ++*overdue) {
    const Position expiry = list_.Next(list_.Next(at));
    const int64_t expire_at_ms = list_[expiry].integer;
    if (expire_at_ms == 0 || expire_at_ms >= now_ms) break;
    at = list_.Next(expiry);
  }
  return at;
}

void PackedHashEx::Insert(PackedBuffer& buffer, std::string_view name, std::string_view value,
                          int64_t expire_at_ms) {
  const bool expires = expire_at_ms != kNoExpiry;
  const PackedList list(buffer.view());
  Position at = expires ? list.begin() : list.end();
  while (at != list.end()) {
    const Position expiry = list.Next(list.Next(at));
    const int64_t other_ms = list[expiry].integer;
    if (other_ms == 0 || other_ms > expire_at_ms) break;
    at = list.Next(expiry);
  }
  const PackedElement elements[kStride] = {PackedElement(name), PackedElement(value),
                                           PackedElement(expires ? expire_at_ms : 0)};
  PackedList::Splice(buffer, at, at, 0, elements, kStride);
}

void PackedHashEx::SetExpiry(PackedBuffer& buffer, Position field, int64_t expire_at_ms) {
  const PackedList list(buffer.view());
  IntegerText scratch;
  const std::string name(list[field].Text(scratch));
  const std::string value(list[list.Next(field)].Text(scratch));
  PackedList::Erase(buffer, field, kStride);
  Insert(buffer, name, value, expire_at_ms);
}

}  // namespace corral::storage
