// Which fields of a large hash end, and which of them first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "storage/types/hash_field.h"

namespace corral::storage {

// A heap of the fields that have an expiry: none ends before its parent, so the next one is the first. It
// keeps six bytes for each, those of an address that differ, and each knows its place, so that it can leave
// from anywhere. A tree in order would take twelve to eighteen.
//
//   place   0 | 1 2 3 4 | 5 6 7 8 ...      the children of place i are 4i + 1 to 4i + 4
//
// Lies in blocks of 512 places, the last of which grows with them while it is alone: nothing moves more than
// one block. Adding, removing and changing take O(log n) steps. The fields stay their hash's. Owned by the
// lock of the hash's shard.
class FieldDeadlines {
 public:
  FieldDeadlines() = default;
  ~FieldDeadlines();
  FieldDeadlines(const FieldDeadlines&) = delete;
  FieldDeadlines& operator=(const FieldDeadlines&) = delete;

  size_t size() const { return size_; }
  const HashField* first() const { return At(0); }  // requires size() > 0

  void Add(HashField* field);
  void Remove(uint32_t place);
  // The field at the place lies at this address now, and its deadline may be another.
  void Replace(uint32_t place, HashField* field);

  // How many fields end before `now_ms`. O(that number).
  size_t CountBefore(int64_t now_ms) const { return size_ == 0 ? 0 : CountBefore(0, now_ms); }
  size_t allocated_bytes() const;  // itself included
  void CheckInvariants() const;    // aborts with a message

 private:
  static constexpr size_t kFanOut = 4;
  static constexpr size_t kBlockPlaces = 512;
  static constexpr size_t kPlaceBytes = 6;  // as in the slots of an index (TaggedSlot)

  char* BytesAt(size_t place) const {
    return blocks_[place / kBlockPlaces] + place % kBlockPlaces * kPlaceBytes;
  }
  HashField* At(size_t place) const {
    uint64_t address = 0;
    std::memcpy(&address, BytesAt(place), kPlaceBytes);
    return reinterpret_cast<HashField*>(address);
  }
  void Put(size_t place, HashField* field) {
    const auto address = reinterpret_cast<uint64_t>(field);
    std::memcpy(BytesAt(place), &address, kPlaceBytes);
    field->SetPlace(static_cast<uint32_t>(place));
  }
  // Finds the place of a field whose deadline may be too early or too late for the given one, and puts it
  // there.
  void Settle(size_t place, HashField* field);
  size_t CountBefore(size_t place, int64_t now_ms) const;
  static char* NewBlock(size_t places);
  static void FreeBlock(char* block, size_t places);
  void Grow();
  void Shrink();
  // The only block, with this many places.
  void ResizeBlock(size_t places);

  std::vector<char*> blocks_;
  size_t size_ = 0;
  size_t block_places_ = 0;  // of the last block; less than all only if it is alone
};

}  // namespace corral::storage
