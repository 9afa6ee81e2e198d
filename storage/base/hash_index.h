// The hash index: where each entry of a table is, in buckets that grow and shrink by small steps.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "storage/base/bucket.h"
#include "storage/base/prefetch.h"

namespace corral::storage {

// A place in a walk over an index. It stays valid while the index grows and shrinks (see HashIndex::Walk).
struct WalkPosition {
  uint32_t prefix = 0;  // the segment: the low `depth` bits of the directory part of its hashes
  uint32_t tag = 0;     // what was visited in it: entries with smaller tags
  uint8_t depth = 0;
};

// The most bits of a hash by which segments can differ.
inline constexpr uint32_t kMaxIndexDepth = 30;

// Extendible hashing over segments, linear probing over the buckets of a segment:
//
//   directory  2^n descriptions of segments, indexed by the low n directory bits of the hash. A segment of
//              depth d has 2^(n-d) of them. The one with the smallest index is canonical and counts the
//              entries.
//   segment    1 to 128 buckets in one allocation, a multiple of the allocator's classes. An entry's home
//              is bucket tag * buckets / 2^16: the order of homes is the order of tags at any size, so
//              that resizing a segment moves slots without touching an entry. An entry whose home is full
//              lies in the next bucket with room.
//
//   hash bits   63 .. 46 | 45 ............ 16   | 15 ........... 0
//               unused   | directory (low bits) | tag: bucket in the segment, and recognition
//
// A segment takes the next size class when it is 90% full; beyond 80 to 128 buckets it splits in two by one
// more bit of the hash, which is the only step that reads entries (500 to 800, prefetched). As each segment
// does this at its own moment, the table as a whole has no saw-tooth. Shrinking goes the same way back, and
// buddies join. One call does one such step at most: its work is bounded, whatever the number of entries. The
// directory's doubling copies 16 bytes for each description.
//
// Entries belong to the index: its destructor destroys them. `Entries` says what they are:
//
//   using Slot = ...;                        a TaggedSlot, and
//   const void* Slot::target() const         what HashOf and Matches read first, or null: it is prefetched
//   using Key = ...;                         what is searched for; has `uint64_t hash`
//   bool Matches(Slot, const Key&) const     the slot is in use and has the key's tag
//   uint64_t HashOf(Slot) const              called when a segment splits
//   static void Destroy(Slot)
//   void CheckInvariants(Slot) const
//   const StampTranslation& stamps() const   if the meaning of stamps changes; else there is no such function
//
// The functions that are not inline stand in hash_index_impl.h: a .cc file includes it that instantiates the
// index for its entries. Owned by the lock of whoever owns the index.
template <class Entries>
class HashIndex {
 public:
  using Slot = typename Entries::Slot;
  using Key = typename Entries::Key;
  using Bucket = SlotBucket<Slot>;
  using Position = SlotPosition<Slot>;

  explicit HashIndex(const Entries& entries);
  ~HashIndex();
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  Position Find(const Key& key) const {
    const auto tag = static_cast<uint16_t>(key.hash);
    const Segment& segment = SegmentOf(key.hash);
    uint32_t at = segment.Home(tag);
    for (uint32_t visited = 0; visited < segment.bucket_count; ++visited) {
      Bucket* bucket = segment.buckets + at;
      for (unsigned matches = bucket->Matches(tag); matches != 0; matches &= matches - 1) {
        const int index = Bucket::SlotOf(matches);
        const Slot slot = bucket->slots[index];
        if (!slot.empty() && entries_.Matches(slot, key)) [[likely]]
          return {bucket, index};
      }
      if (bucket->spills == 0) [[likely]]
        break;
      at = segment.Next(at);
    }
    return {};
  }
  // The key must be absent, and the slot's tag that of `hash`. The entry becomes the index's.
  Position Insert(uint64_t hash, Slot slot, uint8_t stamp);
  // Forgets the entry at `position`, which becomes the caller's. `hash`: its key's.
  void Remove(uint64_t hash, Position position);

  void PrefetchBucket(uint64_t hash) const {
    const Segment& segment = SegmentOf(hash);
    Prefetch(segment.buckets + segment.Home(static_cast<uint16_t>(hash)));
  }
  // Calls visit(const void*) for what a search touches after the home bucket, which should be in the cache:
  // the entries there with the tag, or the bucket where the search goes on.
  template <class Visit>
  void VisitNext(uint64_t hash, Visit&& visit) const {
    const Segment& segment = SegmentOf(hash);
    const uint32_t home = segment.Home(static_cast<uint16_t>(hash));
    const Bucket& bucket = segment.buckets[home];
    unsigned matches = bucket.Matches(static_cast<uint16_t>(hash));
    if (matches == 0 && bucket.spills != 0) visit(segment.buckets + segment.Next(home));
    for (; matches != 0; matches &= matches - 1) visit(bucket.slots[Bucket::SlotOf(matches)].target());
  }

  // Calls visit(Position) for the entries whose home is the bucket at `*at`, and moves `*at` to the next
  // bucket. Returns false after the last one. An entry that stays in the index for a whole walk is visited at
  // least once, whatever is inserted and removed between the calls, and more than once only if segments were
  // split or joined. Any value of `*at` is safe: it only decides where the walk starts.
  template <class Visit>
  bool Walk(WalkPosition* at, Visit&& visit) const;
  // Calls visit(Position) for each entry whose hash may have the low half `hash_low` (the tag and the
  // directory agree).
  template <class Visit>
  void VisitHashLow(uint32_t hash_low, Visit&& visit) const;
  // Calls visit(Bucket&) for each bucket.
  template <class Visit>
  void ForEachBucket(Visit&& visit) const;

  // Numbers the places of the hash space, so that one can be chosen at random. Neighbouring places are
  // neighbours in memory. A place holds one bucket or none, and a bucket has places in proportion to its
  // share of the hash space.
  size_t places() const { return mask_ == 0 ? segments_[0].bucket_count : directory_size() << kPlaceBits; }
  Bucket* BucketAt(size_t place) const;
  // Chooses a slot by `random`, each slot of the index being equally likely. The result is often an empty
  // slot or none; the caller then tries again.
  Position SlotAt(uint64_t random) const;

  // Stamps, where their meaning changes (stamp_translation.h). While a translation is under way, those of a
  // segment are to be brought up to its round before one of them is read or written: by a key's hash or a
  // place. BringUpNext does so for one segment at most, beginning at `*at`, which it moves on; from 0 until
  // it returns false, it meets all.
  void BringUp(uint64_t hash) { BringUpSegment(CanonicalIndex(hash)); }
  void BringUpPlace(size_t place);
  bool BringUpNext(uint32_t* at);
  bool AllBroughtUp() const;  // O(segments)

  uint64_t HashOf(Slot slot) const { return entries_.HashOf(slot); }
  const Entries& entries() const { return entries_; }
  // Of the directory and the buckets; not the entries.
  size_t allocated_bytes() const {
    return directory_size() * sizeof(Segment) + bucket_total_ * sizeof(Bucket);
  }
  size_t CheckInvariants() const;  // aborts with a message; returns the number of entries

 private:
  static constexpr int kPlaceBits = 7;
  static constexpr uint32_t kMaxBuckets = 1u << kPlaceBits;
  static constexpr int kTagBits = 16;
  // How far ahead entries are asked into the cache: in entries by a split, in buckets by the destructor.
  static constexpr uint32_t kPrefetchAhead = 12;
  static constexpr uint32_t kDestroyAhead = 2;
  // Descriptions that one call of BringUpNext looks at.
  static constexpr int kStepDescriptions = 128;
  // With a smaller mask a random slot is counted out among all segments, however small they have become.
  static constexpr uint32_t kFewSegments = 16;

  struct Segment {
    Bucket* buckets;
    uint32_t used;  // entries; in the canonical description only
    uint16_t bucket_count;
    uint8_t depth;
    uint8_t round;  // of its stamps; in the canonical description only

    uint32_t Home(uint16_t tag) const { return uint32_t{tag} * bucket_count >> kTagBits; }
    uint32_t Next(uint32_t at) const { return at + 1 == bucket_count ? 0 : at + 1; }
  };
  struct Occupant {
    Slot slot;
    uint8_t stamp;
  };

  size_t directory_size() const { return size_t{mask_} + 1; }
  uint32_t directory_depth() const { return static_cast<uint32_t>(std::bit_width(mask_)); }
  static uint32_t LowBits(uint32_t depth) { return (uint32_t{1} << depth) - 1; }
  static uint32_t DirectoryBits(uint64_t hash) { return static_cast<uint32_t>(hash >> kTagBits); }
  const Segment& SegmentOf(uint64_t hash) const { return segments_[DirectoryBits(hash) & mask_]; }
  uint32_t CanonicalIndex(uint64_t hash) const {
    return DirectoryBits(hash) & LowBits(SegmentOf(hash).depth);
  }

  static uint32_t Limit(uint32_t bucket_count);      // most entries in so many buckets
  static uint32_t NextCount(uint32_t bucket_count);  // the size classes
  static uint32_t PreviousCount(uint32_t bucket_count);
  static uint32_t CountFor(uint32_t entries);
  static uint32_t SplitCount(uint32_t canonical, uint32_t depth);  // buckets beyond which a segment splits
  static Position Place(const Segment& segment, Slot slot, uint8_t stamp);
  static void FillHole(const Segment& segment, uint32_t at, int index);
  static uint32_t Collect(const Segment& segment, Occupant* occupants);

  Bucket* AllocateBuckets(uint32_t count);
  void FreeBuckets(Bucket* buckets, uint32_t count);
  void Resize(uint32_t canonical, uint32_t bucket_count);
  void Split(uint32_t canonical);
  void ShrinkOrJoin(uint32_t canonical);
  void Join(uint32_t canonical);
  // The round that stamps belong to today.
  uint8_t Round() const {
    if constexpr (requires { entries_.stamps(); }) return entries_.stamps().round;
    return 0;
  }
  void BringUpSegment(uint32_t canonical);
  void Build(uint32_t canonical, uint8_t depth, uint8_t round, const Occupant* occupants, uint32_t count);
  void Publish(uint32_t canonical, const Segment& segment);
  static Segment* AllocateDirectory(size_t size);
  void ResizeDirectory(size_t size);
  void DoubleDirectory();
  void HalveDirectory();
  void CountDepths(uint8_t depth, int change);
  Position UsedSlot(uint64_t slot) const;
  static Position UsedSlot(const Segment& segment, uint64_t slot);  // none if it is empty or beyond
  bool NextSegment(WalkPosition* at, uint32_t canonical, uint32_t depth) const;
  void CheckSegment(uint32_t canonical) const;

  Entries entries_;
  Segment* segments_;  // the directory
  uint32_t mask_ = 0;  // its size - 1
  // Segments of the directory's own depth, and of one less: without either it can be halved.
  uint32_t deepest_ = 1;
  uint32_t second_deepest_ = 0;
  size_t bucket_total_ = 0;
};

template <class Entries>
template <class Visit>
bool HashIndex<Entries>::Walk(WalkPosition* at, Visit&& visit) const {
  const Segment& segment = segments_[at->prefix & mask_];
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

template <class Entries>
template <class Visit>
void HashIndex<Entries>::VisitHashLow(uint32_t hash_low, Visit&& visit) const {
  const auto tag = static_cast<uint16_t>(hash_low);
  // Bits of the directory beyond the low half of the hash are not known: all their values.
  constexpr uint32_t kKnown = 1u << (32 - kTagBits);
  for (uint64_t entry = (hash_low >> kTagBits) & mask_; entry <= mask_; entry += kKnown) {
    const Segment& segment = segments_[entry];
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

template <class Entries>
template <class Visit>
void HashIndex<Entries>::ForEachBucket(Visit&& visit) const {
  for (uint32_t entry = 0; entry <= mask_; ++entry) {
    const Segment& segment = segments_[entry];
    if ((entry & ~LowBits(segment.depth)) != 0) continue;
    for (uint32_t i = 0; i < segment.bucket_count; ++i) visit(segment.buckets[i]);
  }
}

}  // namespace corral::storage
