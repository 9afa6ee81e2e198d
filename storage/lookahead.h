// Prefetches the keys that a batch is about to use: all their buckets first, then all their records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/keyspace.h"

namespace corral::storage {

// A prefetch of a page that is not in the TLB delays the instructions behind it until the page tables have
// been walked. The CPU does several such walks at once when the prefetches stand close together. So Add
// prefetches nothing, and Run has three tight loops: one prefetches the buckets, one looks up which records
// they name, and one prefetches the records.
//
// The first two loops need the lock of the key's shard, and taking a lock costs as much as the step itself.
// So with several threads Add chains the keys by shard, and both loops take a lock once for all keys of a
// shard:
//
//   shards_            the shards at hand
//   heads_[shard]      its last key, or kNone
//   keys_[i].previous  the one before, or kNone
//
// Prefetching is optional, so a shard that another thread holds is skipped. One thread.
class Lookahead {
 public:
  explicit Lookahead(const Keyspace& keyspace);

  static constexpr size_t kMostKeys = 1024;  // more would push each other out of the cache again

  void Clear();
  bool full() const { return keys_.size() == kMostKeys; }
  // Does nothing when it is full.
  void Add(int database, uint64_t hash);
  // After the last key.
  void Run();

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Ahead {
    uint64_t hash;
    int database;
    uint32_t previous;
  };

  void Chain(Ahead& key);
  template <class Step>
  void ForEachKey(Step&& step);

  const Keyspace& keyspace_;
  std::vector<Ahead> keys_;
  std::vector<uint32_t> heads_;  // empty with one thread
  std::vector<uint32_t> shards_;
  std::vector<const void*> lines_;  // records, and buckets where a search goes on
};

}  // namespace corral::storage
