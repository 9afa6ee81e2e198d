// A set in whatever form it lies: integers, a packed list, or a large set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/int_set.h"
#include "storage/types/packed_list.h"
#include "storage/types/set_object.h"
#include "storage/types/value.h"

namespace corral::storage {

// Until when a set stays packed: the directives set-max-intset-entries, set-max-listpack-entries and -value.
struct SetLimits {
  size_t int_set_entries;
  size_t packed_entries;
  size_t packed_bytes;  // of a member
};

// To be read, under the lock of the key's shard; valid until the value changes, as are its members.
class Set {
 public:
  using Member = SetObject::Member;

  explicit Set(const ValueView& value) : value_(value) {}

  size_t size() const { return value_.size(); }
  bool Contains(std::string_view member) const;
  bool Contains(const Member& member) const;
  // Calls visit(const Member&) for each, in the set's order.
  template <class Visit>
  void ForEach(Visit&& visit) const;
  // Each member is equally likely; requires size() > 0. O(n) in a packed list.
  Member RandomMember(Random& random) const;
  // `count` members of size() or fewer, none twice, each choice equally likely; in the set's order if the set
  // is packed. Touches O(count) members, or all when count is a third of them.
  std::vector<Member> Sample(size_t count, Random& random) const;
  // A call of SSCAN, see SetObject::Scan: visits about `count` members, a packed set whole.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, uint64_t count, Visit&& visit) const;

 private:
  ValueView value_;
};

// How a set begins whose first member is `member` and that is about to have `count`; nothing: as a SetObject.
std::optional<PackedForm> FormOfNewSet(std::string_view member, size_t count, const SetLimits& limits);
// Whether the member was new.
bool AddToSet(ValueSlot& slot, std::string_view member, const SetLimits& limits);
bool AddToSet(ValueSlot& slot, const Set::Member& member, const SetLimits& limits);
// A member that is absent, to a set that will not have more of them than the limits allow to be packed. Looks
// for nothing in a packed list, behind which it goes in O(1): a member that was there after all is there
// twice.
void AppendToSet(ValueSlot& slot, const Set::Member& member, const SetLimits& limits);
// Whether it was there. The member must not lie in the set itself if that is packed.
bool RemoveFromSet(ValueSlot& slot, std::string_view member);

// ---- ----

template <class Visit>
void Set::ForEach(Visit&& visit) const {
  if (!value_.packed()) {
    value_.as<SetObject>().ForEach(visit);
  } else if (value_.form() == PackedForm::kIntSet) {
    const IntSet set(value_.bytes());
    for (size_t i = 0, count = set.count(); i < count; ++i) {
      visit(Member{.is_integer = true, .integer = set[i], .text = {}});
    }
  } else {
    const PackedList list(value_.bytes());
    for (auto at = list.begin(); at != list.end(); at = list.Next(at)) visit(list[at]);
  }
}

template <class Visit>
uint64_t Set::Scan(uint64_t cursor, uint64_t count, Visit&& visit) const {
  if (value_.packed()) {
    ForEach(visit);
    return 0;
  }
  return ScanSome(cursor, count, [&](uint64_t from, uint64_t* seen) {
    return value_.as<SetObject>().Scan(from, [&](const Member& member) {
      ++*seen;
      visit(member);
    });
  });
}

}  // namespace corral::storage
