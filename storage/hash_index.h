// The hash index of one table: where each record is, in buckets that grow and shrink by small steps.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/base/hash.h"
#include "storage/bucket.h"
#include "storage/key.h"
#include "storage/prefetch.h"
#include "storage/record.h"

namespace corral::storage {

// A place in a walk over an index. It stays valid while the index grows and shrinks (see HashIndex::Walk).
struct WalkPosition {
  uint32_t prefix = 0;  // the segment: the low `depth` bits of the directory part of its hashes
  uint32_t tag = 0;     // what was visited in it: records with smaller tags
  uint8_t depth = 0;
};

// Extendible hashing over segments, linear probing over the buckets of a segment:
//
//   directory  2^n entries, indexed by the low n directory bits of the hash. An entry describes a segment
//              of depth d; 2^(n-d) entries describe the same one. The one with the smallest index is
//              canonical and counts the records.
//   segment    1 to 128 buckets in one allocation, a multiple of the allocator's classes. A record's home
//              is bucket tag * buckets / 2^16: the order of homes is the order of tags at any size, so
//              that resizing a segment moves slots without touching a record. A record whose home is full
//              lies in the next bucket with room.
//
// A segment takes the next size class when it is 90% full; beyond 80 to 128 buckets it splits in two by one
// more bit of the hash, which is the only step that reads records (500 to 800, prefetched). As each segment
// does this at its own moment, the table as a whole has no saw-tooth. Shrinking goes the same way back, and
// buddies join. One call does one such step at most: its work is bounded, whatever the number of records. The
// directory's doubling copies 16 bytes per entry.
//
// Records belong to the index: its destructor destroys them. Owned by the shard's lock.
class HashIndex {
 public:
  explicit HashIndex(const KeyHasher& hasher);
  ~HashIndex();
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  Position Find(const Key& key) const {
    const uint16_t tag = key.tag();
    const Segment& segment = SegmentOf(key.hash);
    uint32_t at = segment.Home(tag);
    for (uint32_t visited = 0; visited < segment.bucket_count; ++visited) {
      Bucket* bucket = segment.buckets + at;
      for (unsigned matches = bucket->Matches(tag); matches != 0; matches &= matches - 1) {
        const int index = Bucket::SlotOf(matches);
        const Record* record = bucket->slots[index].record();
        if (record != nullptr && record->key() == key.name) [[likely]]
          return {bucket, index};
      }
      if (bucket->spills == 0) [[likely]]
        break;
      at = segment.Next(at);
    }
    return {};
  }
  // The key must be absent. The record becomes the index's.
  Position Insert(uint64_t hash, Slot slot, uint8_t stamp);
  // Forgets the record at `position`, which becomes the caller's. `hash`: its key's.
  void Remove(uint64_t hash, Position position);

  void PrefetchBucket(uint64_t hash) const {
    const Segment& segment = SegmentOf(hash);
    Prefetch(segment.buckets + segment.Home(static_cast<uint16_t>(hash)));
  }
  // Calls visit(const void*) for what a search touches after the home bucket, which should be in the cache:
  // the records there with the tag, or the bucket where the search goes on.
  template <class Visit>
  void VisitNext(uint64_t hash, Visit&& visit) const {
    const Segment& segment = SegmentOf(hash);
    const uint32_t home = segment.Home(static_cast<uint16_t>(hash));
    const Bucket& bucket = segment.buckets[home];
    unsigned matches = bucket.Matches(static_cast<uint16_t>(hash));
    if (matches == 0 && bucket.spills != 0) visit(segment.buckets + segment.Next(home));
    for (; matches != 0; matches &= matches - 1) visit(bucket.slots[Bucket::SlotOf(matches)].record());
  }

  // Calls visit(Position) for the records whose home is the bucket at `*at`, and moves `*at` to the next
  // bucket. Returns false after the last one. A record that stays in the index for a whole walk is visited at
  // least once, whatever is inserted and removed between the calls, and more than once only if segments were
  // split or joined. Any value of `*at` is safe: it only decides where the walk starts.
  template <class Visit>
  bool Walk(WalkPosition* at, Visit&& visit) const;
  // Calls visit(Position) for each record whose hash may have the low half `hash_low` (the tag and the
  // directory agree).
  template <class Visit>
  void VisitHashLow(uint32_t hash_low, Visit&& visit) const;
  // Calls visit(Bucket&) for each bucket.
  template <class Visit>
  void ForEachBucket(Visit&& visit) const;

  // Numbers the places of the hash space, so that one can be chosen at random. Neighbouring places are
  // neighbours in memory. A place holds one bucket or none, and a bucket has places in proportion to its
  // share of the hash space.
  size_t places() const {
    return directory_.size() == 1 ? directory_[0].bucket_count : directory_.size() << kPlaceBits;
  }
  Bucket* BucketAt(size_t place) const;
  // Chooses a slot by `random`, each slot of the index being equally likely. The result is often an empty
  // slot or none; the caller then tries again.
  Position SlotAt(uint64_t random) const;

  uint64_t HashOf(const Record& record) const { return hasher_(record.key()); }
  size_t allocated_bytes() const {
    return directory_.capacity() * sizeof(Segment) + bucket_total_ * sizeof(Bucket);
  }
  size_t CheckInvariants() const;  // aborts with a message; returns the number of records

  static constexpr uint32_t kMaxDepth = 30;

 private:
  static constexpr int kPlaceBits = 7;
  static constexpr uint32_t kMaxBuckets = 1u << kPlaceBits;
  static constexpr int kTagBits = 16;

  struct Segment {
    Bucket* buckets;
    uint32_t used;  // records; in the canonical entry only
    uint16_t bucket_count;
    uint8_t depth;

    uint32_t Home(uint16_t tag) const { return uint32_t{tag} * bucket_count >> kTagBits; }
    uint32_t Next(uint32_t at) const { return at + 1 == bucket_count ? 0 : at + 1; }
  };
  struct Entry {
    Slot slot;
    uint8_t stamp;
  };

  static uint32_t LowBits(uint32_t depth) { return (uint32_t{1} << depth) - 1; }
  static uint32_t DirectoryBits(uint64_t hash) { return static_cast<uint32_t>(hash >> kTagBits); }
  const Segment& SegmentOf(uint64_t hash) const { return entries_[DirectoryBits(hash) & mask_]; }
  uint32_t CanonicalIndex(uint64_t hash) const {
    return DirectoryBits(hash) & LowBits(SegmentOf(hash).depth);
  }

  static uint32_t Limit(uint32_t bucket_count);      // most records in so many buckets
  static uint32_t NextCount(uint32_t bucket_count);  // the size classes
  static uint32_t PreviousCount(uint32_t bucket_count);
  static uint32_t CountFor(uint32_t records);
  static uint32_t SplitCount(uint32_t canonical, uint32_t depth);  // buckets beyond which a segment splits
  static Position Place(const Segment& segment, Slot slot, uint8_t stamp);
  static void FillHole(const Segment& segment, uint32_t at, int index);
  static uint32_t Collect(const Segment& segment, Entry* entries);

  Bucket* AllocateBuckets(uint32_t count);
  void FreeBuckets(Bucket* buckets, uint32_t count);
  void Resize(uint32_t canonical, uint32_t bucket_count);
  void Split(uint32_t canonical);
  void ShrinkOrJoin(uint32_t canonical);
  void Join(uint32_t canonical);
  void Build(uint32_t canonical, uint8_t depth, uint32_t bucket_count, const Entry* entries, uint32_t count);
  void DoubleDirectory();
  void HalveDirectory();
  bool NextSegment(WalkPosition* at, uint32_t canonical, uint32_t depth) const;
  void CheckSegment(uint32_t canonical) const;

  KeyHasher hasher_;
  Segment* entries_;  // directory_'s data: one load less
  uint32_t mask_ = 0;
  std::vector<Segment> directory_;
  size_t bucket_total_ = 0;
  uint32_t segments_at_depth_[kMaxDepth + 1] = {};
};

template <class Visit>
bool HashIndex::Walk(WalkPosition* at, Visit&& visit) const {
  const Segment& segment = entries_[at->prefix & mask_];
  // Joined since, with a buddy that may not have been visited as far: once more from its start.
  const uint32_t from = segment.depth < at->depth ? 0 : at->tag & 0xffff;
  const uint32_t home = segment.Home(static_cast<uint16_t>(from));
  uint32_t bucket_at = home;
  for (uint32_t visited = 0; visited < segment.bucket_count; ++visited) {
    Bucket* bucket = segment.buckets + bucket_at;
    for (int i = 0; i < Bucket::kSlots; ++i) {
      const Slot slot = bucket->slots[i];
      if (!slot.empty() && slot.tag() >= from && segment.Home(slot.tag()) == home) visit(Position{bucket, i});
    }
    if (bucket->spills == 0) break;
    bucket_at = segment.Next(bucket_at);
  }
  const uint32_t canonical = at->prefix & mask_ & LowBits(segment.depth);
  if (home + 1 == segment.bucket_count) return NextSegment(at, canonical, segment.depth);
  const uint32_t count = segment.bucket_count;
  *at = {canonical, ((home + 1) * (1u << kTagBits) + count - 1) / count, segment.depth};
  return true;
}

template <class Visit>
void HashIndex::VisitHashLow(uint32_t hash_low, Visit&& visit) const {
  const auto tag = static_cast<uint16_t>(hash_low);
  // Bits of the directory beyond the low half of the hash are not known: all their values.
  constexpr uint32_t kKnown = 1u << (32 - kTagBits);
  for (uint64_t entry = (hash_low >> kTagBits) & mask_; entry <= mask_; entry += kKnown) {
    const Segment& segment = entries_[entry];
    if ((entry & ~uint64_t{LowBits(segment.depth)} & ~uint64_t{kKnown - 1}) != 0) continue;
    uint32_t at = segment.Home(tag);
    for (uint32_t visited = 0; visited < segment.bucket_count; ++visited) {
      Bucket* bucket = segment.buckets + at;
      for (unsigned matches = bucket->Matches(tag); matches != 0; matches &= matches - 1) {
        const int index = Bucket::SlotOf(matches);
        if (!bucket->slots[index].empty()) visit(Position{bucket, index});
      }
      if (bucket->spills == 0) break;
      at = segment.Next(at);
    }
  }
}

template <class Visit>
void HashIndex::ForEachBucket(Visit&& visit) const {
  for (uint32_t entry = 0; entry <= mask_; ++entry) {
    const Segment& segment = entries_[entry];
    if ((entry & ~LowBits(segment.depth)) != 0) continue;
    for (uint32_t i = 0; i < segment.bucket_count; ++i) visit(segment.buckets[i]);
  }
}

}  // namespace corral::storage
