// The keys of one database that fall into one shard: index, expiry references, counts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "storage/eviction.h"
#include "storage/key.h"
#include "storage/lazy_free.h"
#include "storage/record.h"
#include "storage/record_index.h"
#include "storage/timing_wheel.h"

namespace corral::storage {

// A key is expired from the millisecond after its expiry on. The greatest expiry has no millisecond after it.
constexpr int64_t FirstExpiredMs(int64_t expire_at_ms) {
  return expire_at_ms == INT64_MAX ? expire_at_ms : expire_at_ms + 1;
}

// Invariants: the slot of a record with an expiry says so; and for each such record the wheel (or the one
// that is being replaced) holds a reference that fires at its deadline or before.
//
// When a deadline moves later, no reference is added: the old one fires, finds the record alive, and is filed
// again. An earlier deadline, PERSIST, overwriting and deleting leave stale references behind. When their
// number reaches StaleLimit(), a new wheel replaces the old one. Each further reference also files the
// records of some buckets in the new wheel, until the whole index was walked and the old wheel is freed. So
// the size of the table bounds the memory of its wheels.
//
// Owned by the shard's lock; size() and expiring_size() may be read by anybody. All work per call is bounded.
class Table {
 public:
  // `stamps`: the shard's, which outlives every call but the destructor. `lazy_free` takes dropped wheels;
  // may be null.
  Table(const KeyHasher& hasher, const StampTranslation& stamps, LazyFree* lazy_free)
      : index_(RecordEntries(hasher, stamps)), lazy_free_(lazy_free) {}
  ~Table();

  Position Find(const Key& key) const { return index_.Find(key); }
  void PrefetchBucket(uint64_t hash) const { index_.PrefetchBucket(hash); }
  template <class Visit>
  void VisitNext(uint64_t hash, Visit&& visit) const {
    index_.VisitNext(hash, visit);
  }

  // The key must be absent; the record becomes the table's.
  Position Insert(uint64_t hash, Record* record, uint8_t stamp, int64_t now_ms);
  // After the record at `position` was rewritten by one of Record's functions, which returned `record`;
  // `old_expiry_ms` is its expiry before.
  void Update(uint64_t hash, Position position, Record* record, int64_t old_expiry_ms, int64_t now_ms);
  // Forgets a record, which becomes the caller's.
  Record* Remove(uint64_t hash, Position position);

  // Runs at most `max_references` due references. For a record whose time has come calls expire(hash,
  // Position), which must Remove it. True when due work is left.
  template <class ExpireRecord>
  bool RunDue(int64_t now_ms, size_t max_references, ExpireRecord&& expire);
  // Unix ms at which RunDue has work; INT64_MAX without any.
  int64_t NextDueMs() const;

  // Before a stamp is read or written, and for all of them (see HashIndex).
  void BringUp(uint64_t hash) { index_.BringUp(hash); }
  bool BringUpNext(uint32_t* at) { return index_.BringUpNext(at); }

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t expiring_size() const { return expiring_.load(std::memory_order_relaxed); }
  const RecordIndex& index() const { return index_; }
  VictimFinder& victims() { return victims_; }
  // References in the wheels, stale ones included.
  size_t references() const;
  size_t StaleLimit() const { return expiring_size() + size() / 8 + 1024; }
  // Without records: all, and what of it serves expiry alone.
  size_t allocated_bytes() const { return sizeof(Table) + index_.allocated_bytes() + wheel_bytes(); }
  size_t wheel_bytes() const;
  void CheckInvariants() const;  // aborts with a message

  // What the victim finder asks for; a place holds one bucket or none.
  size_t bucket_count() const { return index_.places(); }
  template <class Visit>
  void VisitChain(size_t place, Visit&& visit) {
    if (index_.entries().stamps().under_way) [[unlikely]]
      index_.BringUpPlace(place);
    if (Bucket* bucket = index_.BucketAt(place)) visit(*bucket);
  }

 private:
  // Buckets that the filling of a new wheel visits for each reference added: enough to be done before the new
  // one could reach its limit.
  static constexpr int kRefillSteps = 8;

  void AddReference(uint64_t hash, int64_t expire_at_ms, int64_t now_ms);
  void RefillWheel();
  void Count(std::atomic<size_t>& counter, ptrdiff_t change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<size_t>(change),
                  std::memory_order_relaxed);
  }
  template <class ExpireRecord>
  void Fire(uint32_t hash_low, int64_t now_ms, ExpireRecord& expire);

  RecordIndex index_;
  std::atomic<size_t> size_{0};
  std::atomic<size_t> expiring_{0};
  std::unique_ptr<TimingWheel> wheel_;      // from the first expiry on
  std::unique_ptr<TimingWheel> old_wheel_;  // while wheel_ is being filled
  WalkPosition refill_;
  VictimFinder victims_;
  LazyFree* lazy_free_;
};

template <class ExpireRecord>
bool Table::RunDue(int64_t now_ms, size_t max_references, ExpireRecord&& expire) {
  const auto fire = [&](uint32_t hash_low) { Fire(hash_low, now_ms, expire); };
  bool more = false;
  if (old_wheel_) {
    more = old_wheel_->Advance(now_ms, max_references, fire);
    RefillWheel();
  }
  return (wheel_ && wheel_->Advance(now_ms, max_references, fire)) || more;
}

template <class ExpireRecord>
void Table::Fire(uint32_t hash_low, int64_t now_ms, ExpireRecord& expire) {
  // Removing moves slots: look again after each.
  for (;;) {
    Position due;
    uint64_t due_hash = 0;
    index_.VisitHashLow(hash_low, [&](Position position) {
      if (due || !position->expires()) return;
      const uint64_t hash = index_.HashOf(position.slot());
      if (HashLow(hash) != hash_low) return;
      if (position->record()->expire_at_ms() >= now_ms) return;
      due = position;
      due_hash = hash;
    });
    if (!due) break;
    expire(due_hash, due);
  }
  // One reference replaces the fired one and serves all records with the same low half of the hash. With one
  // reference for each of them, two such keys would double their references at every firing.
  int64_t next_ms = INT64_MAX;
  bool alive = false;
  index_.VisitHashLow(hash_low, [&](Position position) {
    if (!position->expires()) return;
    if (HashLow(index_.HashOf(position.slot())) != hash_low) return;
    next_ms = std::min(next_ms, FirstExpiredMs(position->record()->expire_at_ms()));
    alive = true;
  });
  if (alive) wheel_->Add(hash_low, next_ms);
}

}  // namespace corral::storage
