// A small hash whose fields may end: a packed list of field, value, expiry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/types/object.h"
#include "storage/types/packed_list.h"

namespace corral::storage {

// A view, valid while the bytes stay where they are. Byte for byte Redis's listpackex (7.4): the expiry is
// Unix ms or 0 for none. The fields lie in the order in which they end, those of one millisecond in the order
// in which they came to it, and those without an expiry last; so what is overdue lies in front. Changes walk:
// O(n).
class PackedHashEx {
 public:
  using Position = PackedList::Position;  // of a field's name
  static constexpr size_t kStride = 3;

  explicit PackedHashEx(std::string_view bytes) : list_(bytes) {}

  // Where the field is; the list's end if it is not there.
  Position Find(std::string_view name) const { return list_.FindName(name, kStride); }
  int64_t ExpiryAt(Position field) const {  // kNoExpiry without one
    const int64_t expiry = list_[list_.Next(list_.Next(field))].integer;
    return expiry == 0 ? kNoExpiry : expiry;
  }
  int64_t next_deadline_ms() const { return list_.empty() ? kNoExpiry : ExpiryAt(list_.begin()); }
  // Where the fields begin that have not ended before `now_ms`; `*overdue` says how many have. O(that
  // number).
  Position FirstLive(int64_t now_ms, size_t* overdue) const;

  // ---- Changes. Earlier positions are void after each. ----

  // The field must be absent. Neither text may lie in the buffer.
  static void Insert(PackedBuffer& buffer, std::string_view name, std::string_view value,
                     int64_t expire_at_ms);
  // Puts the field at the place that another expiry gives it, behind those of the same; kNoExpiry takes the
  // expiry away.
  static void SetExpiry(PackedBuffer& buffer, Position field, int64_t expire_at_ms);

 private:
  PackedList list_;
};

}  // namespace corral::storage
