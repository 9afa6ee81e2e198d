// The keys of one database that fall into one shard: index, expiry references, counts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "storage/base/invariant.h"
#include "storage/deadlines.h"
#include "storage/eviction.h"
#include "storage/key.h"
#include "storage/lazy_free.h"
#include "storage/record.h"
#include "storage/record_index.h"
#include "storage/timing_wheel.h"

namespace corral::storage {

// A record's deadline is the earlier of the key's expiry and the next end of a part of its value (Deadlines).
// Invariants: the slot of a record says which of the two it has; and for each record with one the wheel (or
// the one that is being replaced, or `unfinished_`) holds a reference that fires at the deadline or before.
//
// When a deadline moves later, no reference is added: the old one fires, finds the record alive, and is filed
// again. An earlier deadline, PERSIST, overwriting and deleting leave stale references behind. When their
// number reaches StaleLimit(), a new wheel replaces the old one. Each further reference also files the
// records of some buckets in the new wheel, until the whole index was walked and the old wheel is freed. So
// the size of the table bounds the memory of its wheels.
//
// Owned by the shard's lock; size() and the sizes beside it may be read by anybody. All work per call is
// bounded.
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

  // The key must be absent; the record, whose deadlines these are, becomes the table's.
  Position Insert(uint64_t hash, Record* record, const Deadlines& deadlines, uint8_t stamp, int64_t now_ms);
  // After the record at `position` was rewritten by one of Record's functions, which returned `record`;
  // `before` are the deadlines that it had when the table last heard of it.
  void Update(uint64_t hash, Position position, Record* record, const Deadlines& before, int64_t now_ms);
  // The same where the deadlines are what they were, or where nobody can read the value yet: Update follows.
  void Move(Position position, Record* record) {
    Slot& slot = position.bucket->slots[position.index];
    slot = Slot(record, slot);
  }
  // Forgets a record, which becomes the caller's.
  Record* Remove(uint64_t hash, Position position);

  // Takes at most `max_steps`; a due reference is one, and so is each part of a value that ends. For a key
  // whose time has come calls expire(hash, Position), which must Remove it. For one whose value has parts
  // that are over calls drop(hash, Position, size_t most), which takes `most` of them out, or all, and tells
  // the table the record's new deadline, or Removes it; it returns how many went. True when due work is left.
  template <class Expire, class Drop>
  bool RunDue(int64_t now_ms, size_t max_steps, Expire&& expire, Drop&& drop);
  // Unix ms at which RunDue has work; INT64_MAX without any.
  int64_t NextDueMs() const;

  // Before a stamp is read or written, and for all of them (see HashIndex).
  void BringUp(uint64_t hash) { index_.BringUp(hash); }
  bool BringUpNext(uint32_t* at) { return index_.BringUpNext(at); }

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  // Keys with an expiry, and keys with a value of which parts have one.
  size_t expiring_size() const { return expiring_.load(std::memory_order_relaxed); }
  size_t value_expiring_size() const { return value_expiring_.load(std::memory_order_relaxed); }
  const RecordIndex& index() const { return index_; }
  VictimFinder& victims() { return victims_; }
  // References in the wheels, stale ones included.
  size_t references() const;
  size_t StaleLimit() const { return deadlines() + size() / 8 + 1024; }
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

  size_t deadlines() const { return expiring_size() + value_expiring_size(); }
  void AddReference(uint64_t hash, const Deadlines& deadlines, int64_t now_ms);
  void RefillWheel();
  void Count(std::atomic<size_t>& counter, ptrdiff_t change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<size_t>(change),
                  std::memory_order_relaxed);
  }
  void CheckReferences() const;  // aborts with a message
  template <class Expire, class Drop>
  void Fire(uint32_t hash_low, int64_t now_ms, size_t* steps, Expire& expire, Drop& drop);

  RecordIndex index_;
  std::atomic<size_t> size_{0};
  std::atomic<size_t> expiring_{0};
  std::atomic<size_t> value_expiring_{0};
  std::unique_ptr<TimingWheel> wheel_;      // from the first deadline on
  std::unique_ptr<TimingWheel> old_wheel_;  // while wheel_ is being filled
  WalkPosition refill_;
  // A reference that fired, and whose value had more to end than there were steps: the next ones go on there.
  std::optional<uint32_t> unfinished_;
  VictimFinder victims_;
  LazyFree* lazy_free_;
};

template <class Expire, class Drop>
bool Table::RunDue(int64_t now_ms, size_t max_steps, Expire&& expire, Drop&& drop) {
  const auto fire = [&](uint32_t hash_low) { Fire(hash_low, now_ms, &max_steps, expire, drop); };
  if (unfinished_) fire(*std::exchange(unfinished_, std::nullopt));
  bool more = unfinished_.has_value();
  if (old_wheel_) {
    more |= old_wheel_->Advance(now_ms, &max_steps, fire);
    RefillWheel();
  }
  if (wheel_) more |= wheel_->Advance(now_ms, &max_steps, fire);
  return more || unfinished_;
}

template <class Expire, class Drop>
void Table::Fire(uint32_t hash_low, int64_t now_ms, size_t* steps, Expire& expire, Drop& drop) {
  // Removing moves slots: look again after each.
  for (;;) {
    Position due;
    uint64_t due_hash = 0;
    bool key_is_over = false;
    index_.VisitHashLow(hash_low, [&](Position position) {
      if (due || !position->has_deadline()) return;
      const uint64_t hash = index_.HashOf(position.slot());
      if (HashLow(hash) != hash_low) return;
      const Deadlines deadlines = position->deadlines();
      if (deadlines.NextMs() > now_ms) return;
      due = position;
      due_hash = hash;
      key_is_over = deadlines.KeyIsOver(now_ms);
    });
    if (!due) break;
    if (key_is_over) {
      expire(due_hash, due);
    } else if (*steps > 0) {
      const size_t dropped = drop(due_hash, due, *steps);
      Require(dropped > 0 && dropped <= *steps, "table: nothing ended of a value that was due");
      *steps -= dropped;
    } else {
      unfinished_ = hash_low;
      return;
    }
  }
  // One reference replaces the fired one and serves all records with the same low half of the hash. With one
  // reference for each of them, two such keys would double their references at every firing.
  int64_t next_ms = INT64_MAX;
  bool alive = false;
  index_.VisitHashLow(hash_low, [&](Position position) {
    if (!position->has_deadline()) return;
    if (HashLow(index_.HashOf(position.slot())) != hash_low) return;
    next_ms = std::min(next_ms, position->deadlines().NextMs());
    alive = true;
  });
  if (alive) wheel_->Add(hash_low, next_ms);
}

}  // namespace corral::storage
