// The keys that a batch is about to use: their buckets and then their records are asked into the cache
// together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/keyspace.h"

namespace corral::storage {

// A prefetch whose page is not in the TLB holds up what follows until the walk of the page tables is done,
// and the CPU walks for as many prefetches at once as stand close together. So nothing is asked for while
// keys are added: Run has a loop for the buckets, one that looks up which records they name, and one for the
// records.
//
// The first two need the lock of the key's shard, and a lock costs as much as the step. So with several
// threads keys are chained by shard first, and both loops take a lock once for all keys of a shard:
//
//   shards_            the shards at hand
//   heads_[shard]      its last key, or kNone
//   keys_[i].previous  the one before, or kNone
//
// These are hints: a shard that another thread holds at the moment is left out. One thread.
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
