// The index of records: where each key of one table is.
#pragma once

#include <cstdint>

#include "storage/base/bucket.h"
#include "storage/base/hash.h"
#include "storage/base/hash_index.h"
#include "storage/base/stamp_translation.h"
#include "storage/deadlines.h"
#include "storage/key.h"
#include "storage/record.h"

namespace corral::storage {

// A reference to a record, with what can be known without touching it.
class Slot : public TaggedSlot {
 public:
  Slot() = default;
  Slot(Record* record, uint16_t tag, const Deadlines& deadlines)
      : TaggedSlot(record, tag, deadlines.key_ms != kNoExpiry, deadlines.value_ms != kNoExpiry) {}
  // The record of `before`, which lies elsewhere now.
  Slot(Record* record, Slot before)
      : TaggedSlot(record, before.tag(), before.expires(), before.value_expires()) {}

  Record* record() const { return static_cast<Record*>(address()); }
  bool expires() const { return mark(); }               // the key has an expiry
  bool value_expires() const { return second_mark(); }  // a part of its value has one
  bool has_deadline() const { return marked(); }
  // Touches the record if it has a deadline.
  Deadlines deadlines() const { return has_deadline() ? record()->deadlines() : Deadlines(); }
  const void* target() const { return address(); }
};

// A bucket's stamps say when its keys were used. Both are owned by the shard's lock.
using Bucket = SlotBucket<Slot>;
using Position = SlotPosition<Slot>;

// Records as entries of a hash index.
class RecordEntries {
 public:
  using Slot = storage::Slot;
  using Key = storage::Key;

  // `stamps`: the shard's, which outlives every call of the index but its destructor.
  RecordEntries(const KeyHasher& hasher, const StampTranslation& stamps)
      : hasher_(hasher), stamps_(&stamps) {}

  bool Matches(Slot slot, const Key& key) const { return slot.record()->key() == key.name; }
  uint64_t HashOf(Slot slot) const { return hasher_(slot.record()->key()); }
  static void Destroy(Slot slot) { Record::Destroy(slot.record()); }
  void CheckInvariants(Slot slot) const;  // aborts with a message
  const StampTranslation& stamps() const { return *stamps_; }

 private:
  KeyHasher hasher_;
  const StampTranslation* stamps_;
};

extern template class HashIndex<RecordEntries>;
using RecordIndex = HashIndex<RecordEntries>;

}  // namespace corral::storage
