// The large hash: fields with their values, and for some a time at which they end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/base/bucket.h"
#include "storage/base/hash.h"
#include "storage/base/hash_index.h"
#include "storage/base/random.h"
#include "storage/types/element_index.h"
#include "storage/types/field_deadlines.h"
#include "storage/types/hash_field.h"
#include "storage/types/object.h"

namespace corral::storage {

// Fields as entries of a hash index. The slot tells whether its field has an expiry.
class FieldEntries {
 public:
  class Slot : public TaggedSlot {
   public:
    Slot() = default;
    Slot(HashField* field, uint64_t hash)
        : TaggedSlot(field, static_cast<uint16_t>(hash), field->expires()) {}

    HashField* field() const { return static_cast<HashField*>(address()); }
    bool expires() const { return mark(); }
    const void* target() const { return address(); }
  };
  struct Key {
    std::string_view name;
    uint64_t hash;
  };

  explicit FieldEntries(const KeyHasher& hasher) : hasher_(hasher) {}
  const KeyHasher& hasher() const { return hasher_; }

  bool Matches(Slot slot, const Key& key) const { return slot.field()->name() == key.name; }
  uint64_t HashOf(Slot slot) const { return hasher_(slot.field()->name()); }
  static void Destroy(Slot slot) { HashField::Destroy(slot.field()); }
  static size_t AllocatedBytes(Slot slot) { return slot.field()->allocated_bytes(); }
  void CheckInvariants(Slot slot) const;  // aborts with a message

 private:
  KeyHasher hasher_;
};

extern template class HashIndex<FieldEntries>;

// Fields that are overdue count and are found like others: whoever reads compares `expire_at_ms` with the
// clock (Hash does). What knows the order in which they end is there while a field has an expiry. A pointer
// or a view is valid until the hash changes. A call that changes it adds, removes or moves one field, and at
// times the slots of a segment (hash_index.h). Guarded by the lock of the key's shard.
class HashObject final : public Object {
 public:
  explicit HashObject(const KeyHasher& hasher = KeyHasher::Unpredictable()) : fields_(hasher) {}

  ValueType type() const override { return ValueType::kHash; }
  Encoding encoding() const override { return Encoding::kHashtable; }
  size_t size() const override { return fields_.size(); }
  size_t allocated_bytes() const override {
    return sizeof(HashObject) + fields_.allocated_bytes() + (deadlines_ ? deadlines_->allocated_bytes() : 0);
  }
  size_t effort_to_free() const override { return size(); }
  int64_t next_deadline_ms() const override { return next_deadline_ms_; }
  std::unique_ptr<Object> Clone() const override;
  void Save(ValueSink& sink) const override;

  const HashField* Find(std::string_view name) const {  // null: no such field
    const auto position = fields_.Find(KeyOf(name));
    return position ? position->field() : nullptr;
  }
  // True when the field is new. Neither view may lie in this hash, but for the value, which may lie in the
  // field itself.
  bool Set(std::string_view name, std::string_view value, int64_t expire_at_ms = kNoExpiry);
  // The same for the value alone: the expiry stays.
  bool SetValue(std::string_view name, std::string_view value);
  // kNoExpiry takes the expiry away. False: no such field.
  bool SetExpiry(std::string_view name, int64_t expire_at_ms);
  bool Erase(std::string_view name);  // false: no such field

  size_t expiring_size() const { return deadlines_ ? deadlines_->size() : 0; }  // fields with an expiry
  // Fields that ended before `now_ms`; O(that number).
  size_t OverdueSize(int64_t now_ms) const { return deadlines_ ? deadlines_->CountBefore(now_ms) : 0; }
  // The one that ends first; requires that one ends.
  const HashField& NextToEnd() const { return *deadlines_->first(); }
  // Each field is equally likely; requires size() > 0.
  const HashField& RandomField(Random& random) const;
  // One step of HSCAN: calls visit(const HashField&) for some ten fields, or none, and returns the next
  // cursor, 0 after the last ones (ElementIndex::Scan).
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    return fields_.Scan(cursor, [&](FieldEntries::Slot slot) { visit(*slot.field()); });
  }
  // Calls visit(const HashField&) for each field, in an order that lasts until the hash changes.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    fields_.ForEach([&](FieldEntries::Slot slot) { visit(*slot.field()); });
  }
  void CheckInvariants() const;  // aborts with a message

 private:
  FieldEntries::Key KeyOf(std::string_view name) const { return {name, fields_.Hash(name)}; }
  void Assign(const FieldEntries::Key& key, SlotPosition<FieldEntries::Slot> position, std::string_view value,
              int64_t expire_at_ms);
  void AddDeadline(HashField* field);
  void RemoveDeadline(uint32_t place);
  void DeadlinesChanged();

  ElementIndex<FieldEntries> fields_;
  std::unique_ptr<FieldDeadlines> deadlines_;  // null: no field ends
  int64_t next_deadline_ms_ = kNoExpiry;
};

}  // namespace corral::storage
