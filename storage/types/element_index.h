// The elements of one large value, found by name: a hash index with what collections ask of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/base/hash.h"
#include "storage/base/hash_index.h"
#include "storage/base/invariant.h"
#include "storage/base/random.h"
#include "storage/base/scan_cursor.h"

namespace corral::storage {

// Takes the steps of a walk from `cursor` on until about `count` elements were met, or ten steps for each of
// them: step(cursor, &met) returns where to go on, 0 at the end.
template <class Step>
uint64_t ScanSome(uint64_t cursor, uint64_t count, Step&& step) {
  uint64_t met = 0;
  for (uint64_t i = 0; met < count && i / 10 < count; ++i) {
    cursor = step(cursor, &met);
    if (cursor == 0) break;
  }
  return cursor;
}

// `Entries` is what a HashIndex needs (hash_index.h), and
//
//   explicit Entries(const KeyHasher&)
//   const KeyHasher& hasher() const
//   static size_t AllocatedBytes(Slot)     what the allocator holds for the entry
//
// HashIndex<Entries> is instantiated where the value's own functions are. Owned by the lock of the value's
// shard.
template <class Entries>
class ElementIndex {
 public:
  using Slot = typename Entries::Slot;
  using Key = typename Entries::Key;
  using Position = SlotPosition<Slot>;

  explicit ElementIndex(const KeyHasher& hasher) : index_(Entries(hasher)) {}

  size_t size() const { return size_; }
  size_t allocated_bytes() const { return index_.allocated_bytes() + element_bytes_; }
  uint64_t Hash(std::string_view name) const { return index_.entries().hasher()(name); }

  Position Find(const Key& key) const { return index_.Find(key); }
  // The key must be absent, the slot's tag that of its hash. The entry becomes the index's.
  Position Insert(uint64_t hash, Slot slot) {
    const Position position = index_.Insert(hash, slot, 0);
    ++size_;
    element_bytes_ += Entries::AllocatedBytes(slot);
    return position;
  }
  // Destroys the entry at `position`. `hash`: its key's.
  void Erase(uint64_t hash, Position position) {
    const Slot slot = position.slot();
    index_.Remove(hash, position);
    --size_;
    element_bytes_ -= Entries::AllocatedBytes(slot);
    Entries::Destroy(slot);
  }
  // After the entry at `position`, which had `old_bytes` allocated, was rewritten and may have moved.
  void Update(Position position, Slot slot, size_t old_bytes) {
    position.bucket->slots[position.index] = slot;
    element_bytes_ += Entries::AllocatedBytes(slot) - old_bytes;
  }

  // Each element is equally likely. Requires that there is one. Takes some three tries while the index
  // grows.
  Position RandomPosition(Random& random) const {
    for (;;) {
      if (const Position position = index_.SlotAt(random.Next())) return position;
    }
  }
  // One step of a walk: calls visit(Slot) for some ten elements, or none, and returns where to go on, 0 after
  // the last ones. 0 is the start, and any number is safe. Elements that are there during the whole walk are
  // visited, whatever comes and goes meanwhile; some may be visited twice.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    const ScanCursor format(1);
    uint32_t shard = 0;
    WalkPosition at;
    format.Decode(cursor, &shard, &at);
    const bool more = index_.Walk(&at, [&](Position position) { visit(position.slot()); });
    return more ? format.Encode(0, at) : 0;
  }
  // Calls visit(Slot) for each element; nothing may change meanwhile.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    index_.ForEachBucket([&](const SlotBucket<Slot>& bucket) {
      for (const Slot slot : bucket.slots) {
        if (!slot.empty()) visit(slot);
      }
    });
  }

  const HashIndex<Entries>& index() const { return index_; }
  void CheckInvariants() const {  // aborts with a message
    Require(index_.CheckInvariants() == size_, "element index: the size is wrong");
    size_t bytes = 0;
    ForEach([&](Slot slot) { bytes += Entries::AllocatedBytes(slot); });
    Require(bytes == element_bytes_, "element index: the bytes are wrong");
  }

 private:
  HashIndex<Entries> index_;
  size_t size_ = 0;
  size_t element_bytes_ = 0;
};

}  // namespace corral::storage
