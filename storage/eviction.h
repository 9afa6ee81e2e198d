// Choosing the key to evict from one table by its policy, from the stamps in the buckets alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "storage/base/random.h"
#include "storage/eviction_policy.h"
#include "storage/recency.h"
#include "storage/record_index.h"

namespace corral::storage {

// Walks over the buckets of one table in windows of eight neighbours: up to 56 candidates on 8 consecutive
// cache lines.
//
// LRU and TTL evict the key with the lowest order in a window. When that key is younger than the victims of
// late, they look at up to three more windows. So victims come from the oldest one or two percent of the
// table. LFU evicts the oldest key on probation while more than a sixteenth of the window is on probation,
// and otherwise the key with the lowest order among the others.
//
// What it needs of a table:
//
//   size_t size() const, expiring_size() const   keys, keys with an expiry
//   size_t bucket_count() const                  places for a bucket, > 0; neighbours lie side by side
//   void VisitChain(size_t place, visit)         visit(Bucket&) for what is there
//   const Index& index() const                   index().HashOf(Slot), of victims in LFU mode
//
// Owned by the shard's lock.
class VictimFinder {
 public:
  // A key to evict, or none when no key qualifies (an empty table; a volatile policy without expiring keys).
  // The caller removes it before it asks again.
  template <class Table>
  Position Find(Table& table, EvictionPolicy policy, RecencyClock& recency, Random& random) {
    if (policy == EvictionPolicy::kNoEviction) return {};
    if ((OnlyVolatile(policy) ? table.expiring_size() : table.size()) == 0) return {};
    if (policy != policy_ || recency.generation() != generation_) {
      policy_ = policy;
      generation_ = recency.generation();
      usual_order_ = kNoOrder;
    }
    switch (policy) {
      case EvictionPolicy::kAllKeysLru:
      case EvictionPolicy::kVolatileLru:
        return Walk(table,
                    [&](const Bucket& bucket, int slot) { return recency.Order(bucket.stamps[slot]); });
      case EvictionPolicy::kAllKeysLfu:
      case EvictionPolicy::kVolatileLfu: {
        const Position victim = LeastUsed(table, recency);
        recency.NoteEvicted(static_cast<uint32_t>(table.index().HashOf(victim.slot())), table.size());
        return victim;
      }
      case EvictionPolicy::kVolatileTtl:
        return Walk(table, [&](const Bucket& bucket, int slot) {
          return bucket.slots[slot].record()->expire_at_ms();
        });
      default:
        return AnyKey(table, random);
    }
  }

 private:
  static constexpr int kWindowBuckets = 8;
  static constexpr int kMaxWindows = 4;
  static constexpr int kProbationShare = 16;  // its inverse
  static constexpr double kNoOrder = -std::numeric_limits<double>::infinity();

  struct Candidate {
    Position victim;
    int64_t order = std::numeric_limits<int64_t>::max();

    void Offer(Bucket& bucket, int slot, int64_t offered) {
      if (victim && offered >= order) return;
      victim = {&bucket, slot};
      order = offered;
    }
  };

  // Calls visit(Bucket&, int slot) for the candidates in the window at `place`; returns the place behind it.
  template <class Table, class Visit>
  size_t VisitWindow(Table& table, size_t place, size_t* places_left, Visit&& visit) const {
    const size_t places = table.bucket_count();
    for (int buckets = 0; buckets < kWindowBuckets && *places_left != 0; --*places_left) {
      if (place >= places) place = 0;
      table.VisitChain(place++, [&](Bucket& bucket) {
        ++buckets;
        for (int i = 0; i < Bucket::kSlots; ++i) {
          const Slot slot = bucket.slots[i];
          if (!slot.empty() && (slot.expires() || !OnlyVolatile(policy_))) visit(bucket, i);
        }
      });
    }
    return place;
  }

  // Each of the three skips windows without a candidate (few expiring keys among many others), until it has
  // seen the whole table.

  template <class Table, class Order>
  Position Walk(Table& table, Order&& order) {
    Candidate best;
    int windows = 0;
    for (size_t places_left = table.bucket_count(); places_left > 0 && windows < kMaxWindows;) {
      const size_t behind = VisitWindow(table, hand_, &places_left, [&](Bucket& bucket, int slot) {
        best.Offer(bucket, slot, order(bucket, slot));
      });
      if (best.victim && static_cast<double>(best.order) <= usual_order_) break;
      hand_ = behind;
      windows += static_cast<bool>(best.victim);
    }
    // A running mean over some 32 victims.
    const auto order_taken = static_cast<double>(best.order);
    usual_order_ = usual_order_ == kNoOrder ? order_taken : usual_order_ + (order_taken - usual_order_) / 32;
    return best.victim;
  }

  template <class Table>
  Position LeastUsed(Table& table, const RecencyClock& recency) {
    Candidate probation;
    Candidate settled;
    int all = 0;
    int on_probation = 0;
    for (size_t places_left = table.bucket_count(); places_left > 0 && all == 0;) {
      hand_ = VisitWindow(table, hand_, &places_left, [&](Bucket& bucket, int slot) {
        const uint8_t stamp = bucket.stamps[slot];
        const bool is_on_probation = recency.OnProbation(stamp);
        ++all;
        on_probation += is_on_probation;
        (is_on_probation ? probation : settled).Offer(bucket, slot, recency.Order(stamp));
      });
    }
    return on_probation * kProbationShare > all || !settled.victim ? probation.victim : settled.victim;
  }

  template <class Table>
  Position AnyKey(Table& table, Random& random) {
    Position choice;
    uint64_t seen = 0;
    size_t place = random.Below(table.bucket_count());
    for (size_t places_left = table.bucket_count(); places_left > 0 && seen == 0;) {
      place = VisitWindow(table, place, &places_left, [&](Bucket& bucket, int slot) {
        if (random.Below(++seen) == 0) choice = {&bucket, slot};
      });
    }
    return choice;
  }

  EvictionPolicy policy_ = EvictionPolicy::kNoEviction;
  uint32_t generation_ = 0;
  size_t hand_ = 0;
  double usual_order_ = kNoOrder;
};

}  // namespace corral::storage
