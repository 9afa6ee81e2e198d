// The large set: members in no order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/base/bucket.h"
#include "storage/base/hash.h"
#include "storage/base/hash_index.h"
#include "storage/base/number.h"
#include "storage/base/random.h"
#include "storage/types/element_index.h"
#include "storage/types/object.h"
#include "storage/types/packed_list.h"
#include "storage/types/set_member.h"

namespace corral::storage {

// Members as entries of a hash index. A member that is the canonical text of an integer of 47 bits lies in
// the slot itself, and has the hash of that text all the same.
class MemberEntries {
 public:
  static constexpr int64_t kMaxInteger = (int64_t{1} << 46) - 1;
  static constexpr int64_t kMinInteger = -kMaxInteger - 1;

  class Slot : public TaggedSlot {
   public:
    Slot() = default;
    Slot(SetMember* member, uint64_t hash) : TaggedSlot(member, static_cast<uint16_t>(hash), false) {}
    Slot(int64_t integer, uint64_t hash)
        : TaggedSlot((static_cast<uint64_t>(integer) << 1 & 0x0000'ffff'ffff'ffff) | 1,
                     static_cast<uint16_t>(hash)) {}

    bool is_integer() const { return mark(); }
    int64_t integer() const { return static_cast<int64_t>(bits() << 16) >> 17; }
    SetMember* member() const { return static_cast<SetMember*>(address()); }
    const void* target() const { return is_integer() ? nullptr : address(); }
    PackedList::Element element() const {
      if (is_integer()) return {.is_integer = true, .integer = integer(), .text = {}};
      return {.text = member()->text()};
    }
  };
  struct Key {
    std::string_view text;
    uint64_t hash;
    int64_t integer;
    bool is_integer;  // such that it lies in a slot
  };

  explicit MemberEntries(const KeyHasher& hasher) : hasher_(hasher) {}
  const KeyHasher& hasher() const { return hasher_; }

  bool Matches(Slot slot, const Key& key) const {
    if (slot.is_integer()) return key.is_integer && slot.integer() == key.integer;
    return !key.is_integer && slot.member()->text() == key.text;
  }
  uint64_t HashOf(Slot slot) const {
    IntegerText scratch;
    return hasher_(slot.element().Text(scratch));
  }
  static void Destroy(Slot slot) {
    if (!slot.is_integer()) SetMember::Destroy(slot.member());
  }
  static size_t AllocatedBytes(Slot slot) { return slot.is_integer() ? 0 : slot.member()->allocated_bytes(); }
  void CheckInvariants(Slot slot) const;  // aborts with a message

 private:
  KeyHasher hasher_;
};

extern template class HashIndex<MemberEntries>;

// A member is shown as a packed set shows it: an integer where it lies as one, else its text, valid until the
// set changes. Finding, adding and erasing take O(1); a call changes one member, and at times moves the slots
// of a segment (hash_index.h). Guarded by the lock of the key's shard.
class SetObject final : public Object {
 public:
  using Member = PackedList::Element;

  explicit SetObject(const KeyHasher& hasher = KeyHasher::Unpredictable()) : members_(hasher) {}

  ValueType type() const override { return ValueType::kSet; }
  Encoding encoding() const override { return Encoding::kHashtable; }
  size_t size() const override { return members_.size(); }
  size_t allocated_bytes() const override { return sizeof(SetObject) + members_.allocated_bytes(); }
  size_t effort_to_free() const override { return outside_ + members_.index().allocated_bytes() / 4096; }
  std::unique_ptr<Object> Clone() const override;
  void Save(ValueSink& sink) const override;

  bool Contains(std::string_view text) const { return static_cast<bool>(members_.Find(KeyOf(text))); }
  bool Contains(const Member& member) const {
    IntegerText scratch;
    return static_cast<bool>(members_.Find(KeyOf(member, scratch)));
  }
  // Whether something changed. What is added must not lie in this set.
  bool Add(std::string_view text) { return Add(KeyOf(text)); }
  bool Add(const Member& member) {
    IntegerText scratch;
    return Add(KeyOf(member, scratch));
  }
  // The text may be that of the member itself.
  bool Erase(std::string_view text);

  // Each member is equally likely; requires size() > 0. SPOP erases what this returned.
  Member RandomMember(Random& random) const;
  // One step of SSCAN: calls visit(const Member&) for some ten members, or none, and returns the next cursor,
  // 0 after the last ones (ElementIndex::Scan).
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    return members_.Scan(cursor, [&](MemberEntries::Slot slot) { visit(slot.element()); });
  }
  // Calls visit(const Member&) for each member, in an order that lasts until the set changes.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    members_.ForEach([&](MemberEntries::Slot slot) { visit(slot.element()); });
  }
  void CheckInvariants() const;  // aborts with a message

 private:
  MemberEntries::Key KeyOf(std::string_view text) const;
  MemberEntries::Key KeyOf(const Member& member, IntegerText& scratch) const;  // lives as long as `scratch`
  bool Add(const MemberEntries::Key& key);

  ElementIndex<MemberEntries> members_;
  size_t outside_ = 0;  // members that have an allocation of their own
};

}  // namespace corral::storage
