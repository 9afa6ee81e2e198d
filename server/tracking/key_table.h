// Which connections may hold which keys in their caches: one part of it, for the keys of one shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "storage/base/chain_table.h"

namespace corral::tracking {

// One heap block. The numbers are ascending; there is room for the next power of two of them, or for more.
//
//   | next | hash | name_size | count | name ... | padding to 4 | number | number ...
struct TrackedKey {
  TrackedKey* next;
  uint32_t hash;
  uint32_t name_size;
  uint32_t count;

  std::string_view name() const { return {Bytes(), name_size}; }
  std::span<uint32_t> numbers() { return {reinterpret_cast<uint32_t*>(Bytes() + NumbersOffset()), count}; }

  static TrackedKey* Make(std::string_view name, uint32_t hash, uint32_t number);
  // The key with one more number, which it has not: the block may have moved.
  TrackedKey* With(uint32_t number);
  struct Free {
    void operator()(TrackedKey* key) const;
  };

 private:
  // Names begin directly behind `count`, without padding.
  static constexpr size_t kHeaderBytes = sizeof(void*) + 3 * sizeof(uint32_t);
  const char* Bytes() const { return reinterpret_cast<const char*>(this) + kHeaderBytes; }
  char* Bytes() { return reinterpret_cast<char*>(this) + kHeaderBytes; }
  size_t NumbersOffset() const { return (name_size + 3) & ~size_t{3}; }
  static size_t BlockBytes(size_t name_size, uint32_t room);
};

using OwnedKey = std::unique_ptr<TrackedKey, TrackedKey::Free>;

// Not synchronised: touched with the shard's lock held. No operation is slow because of the table's size.
class KeyTable {
 public:
  KeyTable() = default;
  ~KeyTable();
  KeyTable(KeyTable&& other) noexcept;
  KeyTable& operator=(KeyTable&&) = delete;

  size_t keys() const { return keys_.size(); }
  size_t items() const { return items_; }  // numbers over all keys

  // False when the key has the number already.
  bool Add(std::string_view name, uint32_t hash, uint32_t number);
  // Takes the key out; null when absent.
  OwnedKey Take(std::string_view name, uint32_t hash);
  // Takes some key out, chosen by `random`; null when there is none.
  OwnedKey TakeAny(uint64_t random);
  // Drops the numbers that are gone, and keys that have no other, from `buckets` buckets on from *at, which
  // begins at 0 and moves on to kSweepEnd; the table may change between two calls. Returns how many buckets
  // were visited.
  static constexpr uint64_t kSweepEnd = storage::ChainTable<TrackedKey>::kWalkEnd;
  size_t Sweep(uint64_t* at, size_t buckets, const std::function<bool(uint32_t)>& gone);

 private:
  OwnedKey Unlink(TrackedKey* key);

  storage::ChainTable<TrackedKey> keys_;
  size_t items_ = 0;
};

}  // namespace corral::tracking
