// The functions of the hash index that are not inline, for the .cc files that instantiate it.
#pragma once

#include <algorithm>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "storage/base/allocation.h"
#include "storage/base/hash_index.h"
#include "storage/base/invariant.h"

namespace corral::storage {

// ---- Sizes ----

// A single bucket may be full; otherwise 90%, beyond which searches grow long.
template <class Entries>
uint32_t HashIndex<Entries>::Limit(uint32_t bucket_count) {
  return bucket_count == 1 ? Bucket::kSlots : bucket_count * Bucket::kSlots * 230 / 256;
}

// 1 to 8, then four to each doubling, as jemalloc has it.
template <class Entries>
uint32_t HashIndex<Entries>::NextCount(uint32_t bucket_count) {
  return bucket_count < 8 ? bucket_count + 1 : bucket_count + (1u << (std::bit_width(bucket_count) - 3));
}

template <class Entries>
uint32_t HashIndex<Entries>::PreviousCount(uint32_t bucket_count) {
  return bucket_count <= 8 ? bucket_count - 1 : bucket_count - (1u << (std::bit_width(bucket_count - 1) - 3));
}

// Each segment splits at a size of its own. With one common size all segments would split at the same time,
// and the memory of the table would jump.
template <class Entries>
uint32_t HashIndex<Entries>::SplitCount(uint32_t canonical, uint32_t depth) {
  const uint32_t mixed = (canonical + (depth << 24) + 1) * 0x9e3779b1u;
  return kMaxBuckets - (mixed >> 30) * (kMaxBuckets / 8);
}

// A little room is left, so that the next insert does not resize at once.
template <class Entries>
uint32_t HashIndex<Entries>::CountFor(uint32_t entries) {
  uint32_t count = 1;
  while (Limit(count) < entries + entries / 16) count = NextCount(count);
  return count;
}

template <class Entries>
auto HashIndex<Entries>::AllocateBuckets(uint32_t count) -> Bucket* {
  bucket_total_ += count;
  void* memory = ::operator new (count * sizeof(Bucket), std::align_val_t{alignof(Bucket)});
  auto* buckets = static_cast<Bucket*>(memory);
  std::uninitialized_value_construct_n(buckets, count);
  return buckets;
}

template <class Entries>
void HashIndex<Entries>::FreeBuckets(Bucket* buckets, uint32_t count) {
  bucket_total_ -= count;
  FreeSized(buckets, count * sizeof(Bucket), std::align_val_t{alignof(Bucket)});
}

// ---- Life ----

template <class Entries>
HashIndex<Entries>::HashIndex(const Entries& entries) : entries_(entries), segments_(AllocateDirectory(1)) {
  segments_[0] = {AllocateBuckets(1), 0, 1, 0, Round()};
}

template <class Entries>
HashIndex<Entries>::~HashIndex() {
  for (uint32_t index = 0; index <= mask_; ++index) {
    const Segment& segment = segments_[index];
    if ((index & ~LowBits(segment.depth)) != 0) continue;
    for (uint32_t b = 0; b < segment.bucket_count; ++b) {
      if (b + kDestroyAhead < segment.bucket_count) {
        for (const Slot slot : segment.buckets[b + kDestroyAhead].slots) Prefetch(slot.target());
      }
      for (const Slot slot : segment.buckets[b].slots) {
        if (!slot.empty()) Entries::Destroy(slot);
      }
    }
    FreeBuckets(segment.buckets, segment.bucket_count);
  }
  FreeSized(segments_, directory_size() * sizeof(Segment));
}

// ---- One entry ----

template <class Entries>
auto HashIndex<Entries>::Place(const Segment& segment, Slot slot, uint8_t stamp) -> Position {
  uint32_t at = segment.Home(slot.tag());
  for (;;) {
    Bucket& bucket = segment.buckets[at];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (!bucket.slots[i].empty()) continue;
      bucket.slots[i] = slot;
      bucket.stamps[i] = stamp;
      return {&bucket, i};
    }
    if (bucket.spills != Bucket::kSticky) ++bucket.spills;
    at = segment.Next(at);
  }
}

template <class Entries>
auto HashIndex<Entries>::Insert(uint64_t hash, Slot slot, uint8_t stamp) -> Position {
  uint32_t canonical = CanonicalIndex(hash);
  while (segments_[canonical].used >= Limit(segments_[canonical].bucket_count)) [[unlikely]] {
      const Segment& segment = segments_[canonical];
      if (segment.bucket_count < SplitCount(canonical, segment.depth) || segment.depth == kMaxIndexDepth) {
        Resize(canonical, NextCount(segment.bucket_count));
      } else {
        Split(canonical);
      }
      canonical = CanonicalIndex(hash);
    }
  ++segments_[canonical].used;
  return Place(segments_[canonical], slot, stamp);
}

template <class Entries>
void HashIndex<Entries>::Remove(uint64_t hash, Position position) {
  const uint32_t canonical = CanonicalIndex(hash);
  Segment& segment = segments_[canonical];
  uint32_t at = segment.Home(static_cast<uint16_t>(hash));
  for (; segment.buckets + at != position.bucket; at = segment.Next(at)) {
    if (segment.buckets[at].spills != Bucket::kSticky) --segment.buckets[at].spills;
  }
  position.bucket->slots[position.index] = Slot();
  FillHole(segment, at, position.index);
  --segment.used;
  ShrinkOrJoin(canonical);
}

// Entries that went past a full bucket come back when it gets room: searches stay short whatever the history.
template <class Entries>
void HashIndex<Entries>::FillHole(const Segment& segment, uint32_t at, int index) {
  for (uint32_t moves = 0; moves < segment.bucket_count; ++moves) {
    Bucket& hole = segment.buckets[at];
    if (hole.spills == 0) return;
    const uint32_t next_at = segment.Next(at);
    Bucket& next = segment.buckets[next_at];
    int found = 0;
    while (found < Bucket::kSlots &&
           (next.slots[found].empty() || segment.Home(next.slots[found].tag()) == next_at)) {
      ++found;
    }
    if (found == Bucket::kSlots) return;
    hole.slots[index] = next.slots[found];
    hole.stamps[index] = next.stamps[found];
    if (hole.spills != Bucket::kSticky) --hole.spills;
    next.slots[found] = Slot();
    at = next_at;
    index = found;
  }
}

// ---- Growing and shrinking ----

template <class Entries>
uint32_t HashIndex<Entries>::Collect(const Segment& segment, Occupant* occupants) {
  uint32_t count = 0;
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const Bucket& bucket = segment.buckets[b];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (!bucket.slots[i].empty()) occupants[count++] = {bucket.slots[i], bucket.stamps[i]};
    }
  }
  return count;
}

// Every description of the segment.
template <class Entries>
void HashIndex<Entries>::Publish(uint32_t canonical, const Segment& segment) {
  const uint64_t step = uint64_t{1} << segment.depth;
  for (uint64_t index = canonical; index <= mask_; index += step) segments_[index] = segment;
}

template <class Entries>
void HashIndex<Entries>::Build(uint32_t canonical, uint8_t depth, uint8_t round, const Occupant* occupants,
                               uint32_t count) {
  const uint32_t bucket_count = CountFor(count);
  const Segment segment{AllocateBuckets(bucket_count), count, static_cast<uint16_t>(bucket_count), depth,
                        round};
  for (uint32_t i = 0; i < count; ++i) Place(segment, occupants[i].slot, occupants[i].stamp);
  Publish(canonical, segment);
}

template <class Entries>
void HashIndex<Entries>::Resize(uint32_t canonical, uint32_t bucket_count) {
  const Segment old = segments_[canonical];
  const Segment segment{AllocateBuckets(bucket_count), old.used, static_cast<uint16_t>(bucket_count),
                        old.depth, old.round};
  for (uint32_t b = 0; b < old.bucket_count; ++b) {
    const Bucket& bucket = old.buckets[b];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (!bucket.slots[i].empty()) Place(segment, bucket.slots[i], bucket.stamps[i]);
    }
  }
  Publish(canonical, segment);
  FreeBuckets(old.buckets, old.bucket_count);
}

template <class Entries>
void HashIndex<Entries>::Split(uint32_t canonical) {
  if (segments_[canonical].depth == directory_depth()) DoubleDirectory();
  const Segment old = segments_[canonical];
  Occupant all[kMaxBuckets * Bucket::kSlots];
  // The one half from the front, the other from the back.
  Occupant parted[kMaxBuckets * Bucket::kSlots];
  const uint32_t count = Collect(old, all);
  uint32_t front = 0;
  uint32_t back = count;
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kPrefetchAhead < count) Prefetch(all[i + kPrefetchAhead].slot.target());
    const uint32_t bit = DirectoryBits(entries_.HashOf(all[i].slot)) >> old.depth & 1;
    parted[bit == 0 ? front++ : --back] = all[i];
  }
  const auto depth = static_cast<uint8_t>(old.depth + 1);
  Build(canonical, depth, old.round, parted, front);
  Build(canonical | 1u << old.depth, depth, old.round, parted + front, count - front);
  CountDepths(old.depth, -1);
  CountDepths(depth, 2);
  FreeBuckets(old.buckets, old.bucket_count);
}

// Shrinks to the smaller class only when an eighth of that class stays free, so that a segment does not move
// back and forth between two classes.
template <class Entries>
void HashIndex<Entries>::ShrinkOrJoin(uint32_t canonical) {
  const Segment& segment = segments_[canonical];
  if (segment.bucket_count == 1) return;
  const uint32_t smaller = PreviousCount(segment.bucket_count);
  if (segment.used + segment.used / 8 + 1 >= Limit(smaller)) return;
  Resize(canonical, smaller);
  if (segment.bucket_count <= kMaxBuckets / 2 && segment.depth > 0) Join(canonical);
}

template <class Entries>
void HashIndex<Entries>::Join(uint32_t canonical) {
  const uint8_t depth = segments_[canonical].depth;
  const uint32_t low = canonical & LowBits(depth - 1u);
  const uint32_t high = low | 1u << (depth - 1);
  const Segment first = segments_[low];
  const Segment second = segments_[high];
  if (first.depth != depth || second.depth != depth) return;
  const uint32_t count = first.used + second.used;
  if (count > Limit(kMaxBuckets) * 5 / 8) return;
  BringUpSegment(low);
  BringUpSegment(high);
  Occupant occupants[kMaxBuckets * Bucket::kSlots];
  const uint32_t first_count = Collect(first, occupants);
  Collect(second, occupants + first_count);
  Build(low, static_cast<uint8_t>(depth - 1), Round(), occupants, count);
  CountDepths(depth, -2);
  CountDepths(static_cast<uint8_t>(depth - 1), 1);
  FreeBuckets(first.buckets, first.bucket_count);
  FreeBuckets(second.buckets, second.bucket_count);
  // Two depths to spare, so that a split soon does not double it again.
  if (directory_depth() >= 2 && deepest_ == 0 && second_deepest_ == 0) HalveDirectory();
}

template <class Entries>
auto HashIndex<Entries>::AllocateDirectory(size_t size) -> Segment* {
  return static_cast<Segment*>(::operator new(size * sizeof(Segment)));
}

template <class Entries>
void HashIndex<Entries>::ResizeDirectory(size_t size) {
  Segment* old = segments_;
  segments_ = AllocateDirectory(size);
  std::copy_n(old, std::min(size, directory_size()), segments_);
  FreeSized(old, directory_size() * sizeof(Segment));
  mask_ = static_cast<uint32_t>(size - 1);
}

template <class Entries>
void HashIndex<Entries>::DoubleDirectory() {
  const size_t size = directory_size();
  ResizeDirectory(size * 2);
  std::copy_n(segments_, size, segments_ + size);
  second_deepest_ = std::exchange(deepest_, 0);
}

template <class Entries>
void HashIndex<Entries>::HalveDirectory() {
  ResizeDirectory(directory_size() / 2);
  deepest_ = second_deepest_;
  second_deepest_ = 0;
  for (uint32_t index = 0; index <= mask_ >> 1; ++index) {
    second_deepest_ += segments_[index].depth + 1u == directory_depth();
  }
}

template <class Entries>
void HashIndex<Entries>::CountDepths(uint8_t depth, int change) {
  if (depth == directory_depth()) deepest_ += static_cast<uint32_t>(change);
  if (depth + 1u == directory_depth()) second_deepest_ += static_cast<uint32_t>(change);
}

// ---- Stamps ----

template <class Entries>
void HashIndex<Entries>::BringUpSegment(uint32_t canonical) {
  if constexpr (requires { entries_.stamps(); }) {
    Segment& segment = segments_[canonical];
    if (segment.round == Round()) return;
    for (uint32_t b = 0; b < segment.bucket_count; ++b) {
      for (uint8_t& stamp : segment.buckets[b].stamps) stamp = entries_.stamps().to[stamp];
    }
    segment.round = Round();
  }
}

template <class Entries>
void HashIndex<Entries>::BringUpPlace(size_t place) {
  const auto index = static_cast<uint32_t>(place >> kPlaceBits) & mask_;
  BringUpSegment(index & LowBits(segments_[index].depth));
}

// A split only adds descriptions behind those of its segment, and both halves keep its round: nothing is
// missed.
template <class Entries>
bool HashIndex<Entries>::BringUpNext(uint32_t* at) {
  for (int i = 0; i < kStepDescriptions; ++i) {
    if (*at > mask_) return false;
    const uint32_t index = (*at)++;
    if ((index & ~LowBits(segments_[index].depth)) != 0 || segments_[index].round == Round()) continue;
    BringUpSegment(index);
    break;
  }
  return *at <= mask_;
}

template <class Entries>
bool HashIndex<Entries>::AllBroughtUp() const {
  for (uint32_t index = 0; index <= mask_; ++index) {
    if ((index & ~LowBits(segments_[index].depth)) == 0 && segments_[index].round != Round()) return false;
  }
  return true;
}

// ---- Walking and choosing ----

// Segments follow each other in the order of their reversed prefixes: that is the order of the leaves of a
// binary tree, which splitting and joining do not change.
template <class Entries>
bool HashIndex<Entries>::NextSegment(WalkPosition* at, uint32_t canonical, uint32_t depth) const {
  uint32_t bit = depth == 0 ? 0 : 1u << (depth - 1);
  for (; (canonical & bit) != 0; bit >>= 1) canonical &= ~bit;
  if (bit == 0) return false;
  canonical |= bit;
  *at = {canonical, 0, segments_[canonical & mask_].depth};
  return true;
}

template <class Entries>
auto HashIndex<Entries>::BucketAt(size_t place) const -> Bucket* {
  if (mask_ == 0) return segments_[0].buckets + place;
  const Segment& segment = segments_[place >> kPlaceBits];
  const auto within = static_cast<uint32_t>(place & (kMaxBuckets - 1));
  const uint32_t at = within * segment.bucket_count >> kPlaceBits;
  if (within != 0 && (within - 1) * segment.bucket_count >> kPlaceBits == at) return nullptr;
  return segment.buckets + at;
}

template <class Entries>
auto HashIndex<Entries>::SlotAt(uint64_t random) const -> Position {
  const uint64_t fraction = random >> 32;
  if (mask_ < kFewSegments) return UsedSlot(fraction * (bucket_total_ * Bucket::kSlots) >> 32);
  const auto entry = static_cast<uint32_t>(random) & mask_;
  const Segment& segment = segments_[entry];
  if ((entry & ~LowBits(segment.depth)) != 0) return {};
  const uint32_t buckets = std::max<uint32_t>(kMaxBuckets, segment.bucket_count);
  return UsedSlot(segment, fraction * (buckets * Bucket::kSlots) >> 32);
}

// The slot of that number, counted through all segments.
template <class Entries>
auto HashIndex<Entries>::UsedSlot(uint64_t slot) const -> Position {
  for (uint32_t index = 0; index <= mask_; ++index) {
    const Segment& segment = segments_[index];
    if ((index & ~LowBits(segment.depth)) != 0) continue;
    const uint32_t slots = segment.bucket_count * Bucket::kSlots;
    if (slot < slots) return UsedSlot(segment, slot);
    slot -= slots;
  }
  return {};
}

template <class Entries>
auto HashIndex<Entries>::UsedSlot(const Segment& segment, uint64_t slot) -> Position {
  const uint64_t at = slot / Bucket::kSlots;
  if (at >= segment.bucket_count) return {};
  const Position position{segment.buckets + at, static_cast<int>(slot % Bucket::kSlots)};
  return position->empty() ? Position() : position;
}

// ---- Checks ----

template <class Entries>
void HashIndex<Entries>::CheckSegment(uint32_t canonical) const {
  const Segment& segment = segments_[canonical];
  std::vector<uint32_t> passed(segment.bucket_count);
  uint32_t used = 0;
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    for (const Slot slot : segment.buckets[b].slots) {
      if (slot.empty()) continue;
      ++used;
      entries_.CheckInvariants(slot);
      const uint64_t hash = entries_.HashOf(slot);
      Require(slot.tag() == static_cast<uint16_t>(hash), "hash index: a tag differs from its key's hash");
      Require((DirectoryBits(hash) & LowBits(segment.depth)) == canonical,
              "hash index: an entry lies in a foreign segment");
      for (uint32_t at = segment.Home(slot.tag()); at != b; at = segment.Next(at)) ++passed[at];
    }
  }
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const uint8_t spills = segment.buckets[b].spills;
    Require(spills == Bucket::kSticky || spills == passed[b],
            "hash index: a count of spilled entries is wrong");
  }
  Require(used == segment.used, "hash index: a segment's count is wrong");
  Require(used <= Limit(segment.bucket_count), "hash index: a segment is too full");
}

template <class Entries>
size_t HashIndex<Entries>::CheckInvariants() const {
  size_t entries = 0;
  size_t buckets = 0;
  uint32_t deepest = 0;
  uint32_t second_deepest = 0;
  for (uint32_t index = 0; index <= mask_; ++index) {
    const Segment& segment = segments_[index];
    Require(segment.depth <= directory_depth(), "hash index: a segment is deeper than the directory");
    const Segment& canonical = segments_[index & LowBits(segment.depth)];
    Require(canonical.buckets == segment.buckets && canonical.bucket_count == segment.bucket_count &&
                canonical.depth == segment.depth,
            "hash index: descriptions of one segment differ");
    if (&canonical != &segment) continue;
    CheckSegment(index);
    entries += segment.used;
    buckets += segment.bucket_count;
    deepest += segment.depth == directory_depth();
    second_deepest += segment.depth + 1u == directory_depth();
  }
  Require(deepest == deepest_ && second_deepest == second_deepest_, "hash index: depths are miscounted");
  Require(buckets == bucket_total_, "hash index: buckets are miscounted");
  return entries;
}

}  // namespace corral::storage
