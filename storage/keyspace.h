// All keys of the process: databases cut into shards, each shard with its lock, tables, timing wheels and
// recency.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/hash.h"
#include "storage/base/prefetch.h"
#include "storage/database.h"
#include "storage/eviction_policy.h"
#include "storage/key.h"
#include "storage/shard.h"

namespace corral::storage {

class LazyFree;

// Told what the engine did on its own. Called under the lock of the key's shard: must not call back into
// storage.
class KeyspaceListener {
 public:
  virtual ~KeyspaceListener() = default;
  virtual void OnExpired(int database, const Key& key) = 0;
  virtual void OnEvicted(int database, const Key& key) = 0;
  // A field of a hash ended; and behind all that end at once, `key_gone`: the last one was among them.
  virtual void OnFieldExpired(int database, const Key& key, std::string_view field) = 0;
  virtual void OnFieldsExpired(int database, const Key& key, bool key_gone) = 0;
  // A key came into being, by whatever command; only while AnnounceCreated asks for it.
  virtual void OnCreated(int /*database*/, const Key& /*key*/) {}
};

struct KeyspaceOptions {
  int databases = 16;
  uint32_t shards = 16;     // power of two
  bool concurrent = false;  // false: one thread only, and no lock instruction runs
  uint64_t seed = 0;        // of the hash and of random choices
  const Clock* clock =
      nullptr;  // measures budgets, starts recency; outlives the keyspace. Null: the system's
};

struct KeyspaceCounters {
  uint64_t hits = 0, misses = 0, expired = 0, expired_fields = 0, evicted = 0;
  uint64_t expire_cycle_us = 0, eviction_us = 0;
  uint64_t expiry_stops = 0;  // calls of ExpireDue that used up their budget and left work
};

class Keyspace {
 public:
  Keyspace(const KeyspaceOptions& options, KeyspaceListener* listener, LazyFree* lazy_free);
  ~Keyspace();

  Key MakeKey(std::string_view name) const { return {name, hasher_(name)}; }
  Database database(int index, int64_t now_ms, bool writes_touch = true) {
    return Database(*this, index, now_ms, writes_touch);
  }
  int databases() const;

  // For lookahead.h, under the lock of the shard. PrefetchBucket asks for the key's bucket. When the bucket
  // has arrived, VisitNext names the records that a search would touch.
  void PrefetchBucket(int database, uint64_t hash) const;
  template <class Visit>
  void VisitNext(int database, uint64_t hash, Visit&& visit) const;
  // Asks for the cache line of the shard's lock. Needs no lock.
  void PrefetchLock(uint64_t hash) const;

  // Shards. Lock order: by index. With concurrent == false these do nothing.
  uint32_t shard_count() const;
  uint32_t ShardOf(uint64_t hash) const;
  bool concurrent() const { return concurrent_; }
  void Lock(uint32_t shard) const;
  bool TryLock(uint32_t shard) const;
  void Unlock(uint32_t shard) const;

  // Need the world to stand still (gate as writer):
  size_t Flush(int database, Reclaim reclaim);  // returns how many keys went
  void Swap(int database, int other);
  KeyspaceCounters counters() const;
  void ResetCounters();
  void SetEvictionPolicy(EvictionPolicy policy);  // LRU and LFU stamps change their meaning: restarts them
  void CheckInvariants() const;                   // aborts with a message

  // For a command's random choices: what a generator of its own begins with. Any thread, no lock.
  uint64_t NextRandom();

  // Expiry, and what else is done little by little under the shards' locks (Shard::SettleSome). Runs due keys
  // and fields of hashes of shards first, first + step, ... until done or until `budget_us` is used up.
  // Returns the Unix ms at which the next call has work (now_ms when work is left, INT64_MAX when nothing is
  // pending). Locks shards itself; any number of threads may call it. Switched off: removes nothing,
  // INT64_MAX.
  int64_t ExpireDue(uint32_t first, uint32_t step, int64_t now_ms, int64_t budget_us);
  // Until that Unix ms nothing expires (CLIENT PAUSE): due keys are absent for readers, but stay. 0: no more.
  void RestExpiry(int64_t until_ms) { expiry_rests_until_ms_.store(until_ms, std::memory_order_relaxed); }

  // Eviction. Evicts keys by the policy until the used bytes and `need_bytes` fit into the limit. It frees at
  // most the excess that it found at the start, so that what listeners allocate meanwhile costs no further
  // keys. When the excess is large (the limit was lowered, for example), a call stops once there is room for
  // `need_bytes`, and later calls continue. Returns false when nothing can be evicted (noeviction, or no
  // candidate): the caller answers OOM. Called before a write, without shard locks; locks shards itself.
  bool MakeRoom(uint64_t maxmemory_bytes, uint64_t need_bytes, int64_t now_ms);
  static constexpr uint64_t kEvictionBudgetUs = 500;
  void AnnounceCreated(bool wanted) { announce_created_.store(wanted, std::memory_order_relaxed); }

  // Bytes of indexes and wheels, without records (MEMORY STATS). Locks each shard itself.
  size_t TableBytes();
  struct TableSizes {
    size_t index_bytes = 0, wheel_bytes = 0;
  };
  TableSizes SizesOf(int database);  // the same, of one database

 private:
  friend class Database;

  Shard& ShardFor(uint64_t hash) const { return *shards_[ShardOf(hash)]; }
  Table& TableFor(Shard& shard, int database) { return shard.MakeTable(database, hasher_, lazy_free_); }
  // Removes the expired record at `position` and tells the listener.
  void Expire(Shard& shard, int database, Table& table, uint64_t hash, Position position);
  // Takes `most` fields that have ended out of the hash at `position`, or all; returns how many.
  size_t DropDue(Shard& shard, int database, uint64_t hash, Position position, int64_t now_ms, size_t most);
  // Tells of a field of a hash that is gone or about to go, and then of all together.
  void FieldExpired(int database, const Key& key, std::string_view field) {
    if (listener_ != nullptr) listener_->OnFieldExpired(database, key, field);
  }
  void FieldsExpired(Shard& shard, int database, const Key& key, size_t count, bool key_gone) {
    shard.counters.expired_fields += count;
    if (listener_ != nullptr) listener_->OnFieldsExpired(database, key, key_gone);
  }
  void Created(int database, const Key& key) {
    if (announce_created_.load(std::memory_order_relaxed) && listener_ != nullptr)
      listener_->OnCreated(database, key);
  }
  void Dispose(Record* record, Reclaim reclaim);
  void Dispose(Remains remains, Reclaim reclaim);
  struct DueSlice;
  DueSlice RunDue(Shard& shard, int64_t now_ms, size_t max_steps);
  struct Freed {
    bool any = false;
    uint64_t bytes = 0;
  };
  Freed EvictOne(Shard& shard, EvictionPolicy policy, int64_t now_ms);

  KeyHasher hasher_;
  KeyspaceListener* listener_;
  LazyFree* lazy_free_;
  const Clock* clock_;
  int databases_;
  bool concurrent_;
  uint32_t shard_mask_;
  std::vector<std::unique_ptr<Shard>> shards_;

  std::atomic<EvictionPolicy> policy_{EvictionPolicy::kNoEviction};
  std::atomic<int64_t> expiry_rests_until_ms_{0};
  std::atomic<bool> announce_created_{false};
  std::atomic<uint32_t> evict_next_{0};  // the shard that gives next: all give in turn
  std::atomic<uint64_t> random_;
  std::atomic<uint64_t> expire_cycle_us_{0};
  std::atomic<uint64_t> expiry_stops_{0};
  std::atomic<uint64_t> eviction_us_{0};
};

// A shard's lock for a block.
class ShardGuard {
 public:
  ShardGuard(Keyspace& keyspace, uint32_t shard) : keyspace_(keyspace), shard_(shard) {
    keyspace_.Lock(shard_);
  }
  ~ShardGuard() { keyspace_.Unlock(shard_); }
  ShardGuard(const ShardGuard&) = delete;
  ShardGuard& operator=(const ShardGuard&) = delete;

 private:
  Keyspace& keyspace_;
  uint32_t shard_;
};

// ---- What runs for every command ----

inline int Keyspace::databases() const { return databases_; }
inline uint32_t Keyspace::shard_count() const { return shard_mask_ + 1; }
inline uint32_t Keyspace::ShardOf(uint64_t hash) const {
  return static_cast<uint32_t>(hash >> 52) & shard_mask_;
}
inline void Keyspace::Lock(uint32_t shard) const {
  if (concurrent_) shards_[shard]->lock.Lock();
}
inline bool Keyspace::TryLock(uint32_t shard) const { return !concurrent_ || shards_[shard]->lock.TryLock(); }
inline void Keyspace::Unlock(uint32_t shard) const {
  if (concurrent_) shards_[shard]->lock.Unlock();
}
inline void Keyspace::PrefetchLock(uint64_t hash) const { PrefetchForWrite(&ShardFor(hash).lock); }
inline void Keyspace::PrefetchBucket(int database, uint64_t hash) const {
  if (const Table* table = ShardFor(hash).table(database)) table->PrefetchBucket(hash);
}
template <class Visit>
void Keyspace::VisitNext(int database, uint64_t hash, Visit&& visit) const {
  if (const Table* table = ShardFor(hash).table(database)) table->VisitNext(hash, visit);
}

}  // namespace corral::storage
