// A shard: one part of every database, under one lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/base/random.h"
#include "storage/recency.h"
#include "storage/shard_lock.h"
#include "storage/table.h"

namespace corral::storage {

struct ShardCounters {
  uint64_t hits = 0, misses = 0, expired = 0, expired_fields = 0, evicted = 0;

  uint64_t ended() const { return expired + expired_fields; }
};

// Everything but the addresses in `tables` is owned by the lock (with one thread: by that thread). Addresses
// are set under the lock by the first insert and taken away only while the world stands still, so that sizes
// can be read without the lock.
class alignas(64) Shard {
 public:
  Shard(int databases, uint64_t seed, int64_t now_ms)
      : tables_(static_cast<size_t>(databases)), recency(now_ms), random(seed) {}
  ~Shard() {
    for (auto& table : tables_) delete table.load(std::memory_order_relaxed);
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Null while the database has no keys here.
  Table* table(int database) const {
    return tables_[static_cast<size_t>(database)].load(std::memory_order_acquire);
  }
  Table& MakeTable(int database, const KeyHasher& hasher, LazyFree* lazy_free) {
    if (Table* present = table(database)) return *present;
    auto* made = new Table(hasher, recency.translation(), lazy_free);
    tables_[static_cast<size_t>(database)].store(made, std::memory_order_release);
    return *made;
  }
  std::unique_ptr<Table> TakeTable(int database) {
    return std::unique_ptr<Table>(tables_[static_cast<size_t>(database)].exchange(nullptr));
  }
  void Swap(int database, int other) {
    auto& first = tables_[static_cast<size_t>(database)];
    auto& second = tables_[static_cast<size_t>(other)];
    second.store(first.exchange(second.load()));
    settled_ = {};  // a table may have moved behind it
  }
  int databases() const { return static_cast<int>(tables_.size()); }

  // The stamp of a key after a use. `table`, `hash`: the key's, here and below.
  void Touch(Table& table, uint64_t hash, Position position, int64_t now_ms) {
    uint8_t& stamp = Stamp(table, hash, position);
    const uint8_t touched = recency.Touch(stamp, now_ms);
    if (touched != stamp) stamp = touched;
  }
  uint8_t& Stamp(Table& table, uint64_t hash, Position position) {
    Settle(table, hash);
    return position.stamp();
  }
  // Before a stamp of a key, which may be new, is read or written: it means what the clock says today.
  void Settle(Table& table, uint64_t hash) {
    if (recency.unsettled()) [[unlikely]]
      SettleKey(table, hash);
  }
  // Begins or goes on with the translation of all stamps, by one segment of one table at most. False: nothing
  // is left.
  bool SettleSome();
  // Gives every key the stamp of a new one, little by little.
  void RestartRecency(RecencyMode mode, int64_t now_ms);

  ShardLock lock;

 private:
  // How far SettleSome is.
  struct Settled {
    int database = 0;
    uint32_t entry = 0;
  };

  void SettleKey(Table& table, uint64_t hash);

  std::vector<std::atomic<Table*>> tables_;
  Settled settled_;

 public:
  ShardCounters counters;
  uint64_t epoch_bytes = 0;  // what recency was told last
  // Of the worker whose first shard this is: where its last turn of expiry ended.
  std::atomic<uint32_t> expire_resume{0};
  RecencyClock recency;
  Random random;
};

}  // namespace corral::storage
