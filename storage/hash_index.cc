#include "storage/hash_index.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"

namespace corral::storage {

namespace {

constexpr int kPrefetchAhead = 12;

}  // namespace

// ---- Sizes ----

// A single bucket may be full; otherwise 90%, beyond which searches grow long.
uint32_t HashIndex::Limit(uint32_t bucket_count) {
  return bucket_count == 1 ? Bucket::kSlots : bucket_count * Bucket::kSlots * 230 / 256;
}

// 1 to 8, then four to each doubling, as jemalloc has it.
uint32_t HashIndex::NextCount(uint32_t bucket_count) {
  return bucket_count < 8 ? bucket_count + 1 : bucket_count + (1u << (std::bit_width(bucket_count) - 3));
}

uint32_t HashIndex::PreviousCount(uint32_t bucket_count) {
  return bucket_count <= 8 ? bucket_count - 1 : bucket_count - (1u << (std::bit_width(bucket_count - 1) - 3));
}

// Each segment splits at a size of its own. With one common size all segments would split at the same time,
// and the memory of the table would jump.
uint32_t HashIndex::SplitCount(uint32_t canonical, uint32_t depth) {
  const uint32_t mixed = (canonical + (depth << 24) + 1) * 0x9e3779b1u;
  return kMaxBuckets - (mixed >> 30) * (kMaxBuckets / 8);
}

// A little room is left, so that the next insert does not resize at once.
uint32_t HashIndex::CountFor(uint32_t records) {
  uint32_t count = 1;
  while (Limit(count) < records + records / 16) count = NextCount(count);
  return count;
}

Bucket* HashIndex::AllocateBuckets(uint32_t count) {
  bucket_total_ += count;
  void* memory = ::operator new (count * sizeof(Bucket), std::align_val_t{alignof(Bucket)});
  auto* buckets = static_cast<Bucket*>(memory);
  std::uninitialized_value_construct_n(buckets, count);
  return buckets;
}

void HashIndex::FreeBuckets(Bucket* buckets, uint32_t count) {
  bucket_total_ -= count;
  FreeSized(buckets, count * sizeof(Bucket), std::align_val_t{alignof(Bucket)});
}

// ---- Life ----

HashIndex::HashIndex(const KeyHasher& hasher) : hasher_(hasher), directory_(1) {
  entries_ = directory_.data();
  entries_[0] = {AllocateBuckets(1), 0, 1, 0};
  segments_at_depth_[0] = 1;
}

HashIndex::~HashIndex() {
  Entry entries[kMaxBuckets * Bucket::kSlots];
  for (uint32_t index = 0; index <= mask_; ++index) {
    Segment& segment = entries_[index];
    if ((index & ~LowBits(segment.depth)) != 0) continue;
    if (segment.bucket_count <= kMaxBuckets) {
      const uint32_t count = Collect(segment, entries);
      for (uint32_t i = 0; i < count; ++i) {
        if (i + kPrefetchAhead < count) Prefetch(entries[i + kPrefetchAhead].slot.record());
        Record::Destroy(entries[i].slot.record());
      }
    } else {
      for (uint32_t b = 0; b < segment.bucket_count; ++b) {
        for (const Slot slot : segment.buckets[b].slots) {
          if (!slot.empty()) Record::Destroy(slot.record());
        }
      }
    }
    FreeBuckets(segment.buckets, segment.bucket_count);
  }
}

// ---- One record ----

Position HashIndex::Place(const Segment& segment, Slot slot, uint8_t stamp) {
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

Position HashIndex::Insert(uint64_t hash, Slot slot, uint8_t stamp) {
  uint32_t canonical = CanonicalIndex(hash);
  while (entries_[canonical].used >= Limit(entries_[canonical].bucket_count)) [[unlikely]] {
      const Segment& segment = entries_[canonical];
      if (segment.bucket_count < SplitCount(canonical, segment.depth) || segment.depth == kMaxDepth) {
        Resize(canonical, NextCount(segment.bucket_count));
      } else {
        Split(canonical);
      }
      canonical = CanonicalIndex(hash);
    }
  ++entries_[canonical].used;
  return Place(entries_[canonical], slot, stamp);
}

void HashIndex::Remove(uint64_t hash, Position position) {
  const uint32_t canonical = CanonicalIndex(hash);
  Segment& segment = entries_[canonical];
  uint32_t at = segment.Home(static_cast<uint16_t>(hash));
  for (; segment.buckets + at != position.bucket; at = segment.Next(at)) {
    if (segment.buckets[at].spills != Bucket::kSticky) --segment.buckets[at].spills;
  }
  position.bucket->slots[position.index] = Slot();
  FillHole(segment, at, position.index);
  --segment.used;
  ShrinkOrJoin(canonical);
}

// Records that went past a full bucket come back when it gets room: searches stay short whatever the history.
void HashIndex::FillHole(const Segment& segment, uint32_t at, int index) {
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

uint32_t HashIndex::Collect(const Segment& segment, Entry* entries) {
  uint32_t count = 0;
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const Bucket& bucket = segment.buckets[b];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (!bucket.slots[i].empty()) entries[count++] = {bucket.slots[i], bucket.stamps[i]};
    }
  }
  return count;
}

void HashIndex::Build(uint32_t canonical, uint8_t depth, uint32_t bucket_count, const Entry* entries,
                      uint32_t count) {
  const Segment segment{AllocateBuckets(bucket_count), count, static_cast<uint16_t>(bucket_count), depth};
  for (uint32_t i = 0; i < count; ++i) Place(segment, entries[i].slot, entries[i].stamp);
  for (uint64_t index = canonical; index <= mask_; index += uint64_t{1} << depth) entries_[index] = segment;
}

void HashIndex::Resize(uint32_t canonical, uint32_t bucket_count) {
  const Segment old = entries_[canonical];
  const Segment segment{AllocateBuckets(bucket_count), old.used, static_cast<uint16_t>(bucket_count),
                        old.depth};
  for (uint32_t b = 0; b < old.bucket_count; ++b) {
    const Bucket& bucket = old.buckets[b];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (!bucket.slots[i].empty()) Place(segment, bucket.slots[i], bucket.stamps[i]);
    }
  }
  for (uint64_t index = canonical; index <= mask_; index += uint64_t{1} << old.depth)
    entries_[index] = segment;
  FreeBuckets(old.buckets, old.bucket_count);
}

void HashIndex::Split(uint32_t canonical) {
  if (entries_[canonical].depth == std::bit_width(mask_)) DoubleDirectory();
  const Segment old = entries_[canonical];
  Entry all[kMaxBuckets * Bucket::kSlots];
  // The one half from the front, the other from the back.
  Entry parted[kMaxBuckets * Bucket::kSlots];
  const uint32_t count = Collect(old, all);
  uint32_t front = 0;
  uint32_t back = count;
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kPrefetchAhead < count) Prefetch(all[i + kPrefetchAhead].slot.record());
    const uint32_t bit = DirectoryBits(HashOf(*all[i].slot.record())) >> old.depth & 1;
    parted[bit == 0 ? front++ : --back] = all[i];
  }
  const auto depth = static_cast<uint8_t>(old.depth + 1);
  Build(canonical, depth, CountFor(front), parted, front);
  Build(canonical | 1u << old.depth, depth, CountFor(count - front), parted + front, count - front);
  --segments_at_depth_[old.depth];
  segments_at_depth_[depth] += 2;
  FreeBuckets(old.buckets, old.bucket_count);
}

// Shrinks to the smaller class only when an eighth of that class stays free, so that a segment does not move
// back and forth between two classes.
void HashIndex::ShrinkOrJoin(uint32_t canonical) {
  const Segment& segment = entries_[canonical];
  if (segment.bucket_count == 1) return;
  const uint32_t smaller = PreviousCount(segment.bucket_count);
  if (segment.used + segment.used / 8 + 1 >= Limit(smaller)) return;
  Resize(canonical, smaller);
  if (segment.bucket_count <= kMaxBuckets / 2 && segment.depth > 0) Join(canonical);
}

void HashIndex::Join(uint32_t canonical) {
  const uint8_t depth = entries_[canonical].depth;
  const uint32_t low = canonical & LowBits(depth - 1u);
  const uint32_t high = low | 1u << (depth - 1);
  const Segment first = entries_[low];
  const Segment second = entries_[high];
  if (first.depth != depth || second.depth != depth) return;
  const uint32_t count = first.used + second.used;
  if (count > Limit(kMaxBuckets) * 5 / 8) return;
  Entry entries[kMaxBuckets * Bucket::kSlots];
  const uint32_t first_count = Collect(first, entries);
  Collect(second, entries + first_count);
  Build(low, static_cast<uint8_t>(depth - 1), CountFor(count), entries, count);
  segments_at_depth_[depth] -= 2;
  ++segments_at_depth_[depth - 1];
  FreeBuckets(first.buckets, first.bucket_count);
  FreeBuckets(second.buckets, second.bucket_count);
  // Two depths to spare, so that a split soon does not double it again.
  const auto directory_depth = static_cast<uint32_t>(std::bit_width(mask_));
  if (directory_depth >= 2 && segments_at_depth_[directory_depth] == 0 &&
      segments_at_depth_[directory_depth - 1] == 0) {
    HalveDirectory();
  }
}

void HashIndex::DoubleDirectory() {
  const size_t size = directory_.size();
  directory_.resize(size * 2);
  std::copy_n(directory_.begin(), size, directory_.begin() + static_cast<ptrdiff_t>(size));
  entries_ = directory_.data();
  mask_ = static_cast<uint32_t>(directory_.size() - 1);
}

void HashIndex::HalveDirectory() {
  directory_.resize(directory_.size() / 2);
  directory_.shrink_to_fit();
  entries_ = directory_.data();
  mask_ = static_cast<uint32_t>(directory_.size() - 1);
}

// ---- Walking and choosing ----

// Segments follow each other in the order of their reversed prefixes: that is the order of the leaves of a
// binary tree, which splitting and joining do not change.
bool HashIndex::NextSegment(WalkPosition* at, uint32_t canonical, uint32_t depth) const {
  uint32_t bit = depth == 0 ? 0 : 1u << (depth - 1);
  for (; (canonical & bit) != 0; bit >>= 1) canonical &= ~bit;
  if (bit == 0) return false;
  canonical |= bit;
  *at = {canonical, 0, entries_[canonical & mask_].depth};
  return true;
}

Bucket* HashIndex::BucketAt(size_t place) const {
  if (directory_.size() == 1) return entries_[0].buckets + place;
  const Segment& segment = entries_[place >> kPlaceBits];
  const auto within = static_cast<uint32_t>(place & (kMaxBuckets - 1));
  const uint32_t at = within * segment.bucket_count >> kPlaceBits;
  if (within != 0 && (within - 1) * segment.bucket_count >> kPlaceBits == at) return nullptr;
  return segment.buckets + at;
}

Position HashIndex::SlotAt(uint64_t random) const {
  const auto entry = static_cast<uint32_t>(random) & mask_;
  const Segment& segment = entries_[entry];
  if ((entry & ~LowBits(segment.depth)) != 0) return {};
  const uint32_t buckets =
      mask_ == 0 ? segment.bucket_count : std::max<uint32_t>(kMaxBuckets, segment.bucket_count);
  const auto slot = static_cast<uint32_t>((random >> 32) * (buckets * Bucket::kSlots) >> 32);
  if (slot / Bucket::kSlots >= segment.bucket_count) return {};
  const Position position{segment.buckets + slot / Bucket::kSlots, static_cast<int>(slot % Bucket::kSlots)};
  return position.slot().empty() ? Position() : position;
}

// ---- Checks ----

void HashIndex::CheckSegment(uint32_t canonical) const {
  const Segment& segment = entries_[canonical];
  std::vector<uint32_t> passed(segment.bucket_count);
  uint32_t used = 0;
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    for (const Slot slot : segment.buckets[b].slots) {
      if (slot.empty()) continue;
      ++used;
      const Record& record = *slot.record();
      const uint64_t hash = HashOf(record);
      record.CheckInvariants();
      Require(slot.tag() == static_cast<uint16_t>(hash), "hash index: a tag differs from its key's hash");
      Require(slot.expires() == record.expires(), "hash index: an expiry bit differs from its record");
      Require((DirectoryBits(hash) & LowBits(segment.depth)) == canonical,
              "hash index: a record lies in a foreign segment");
      for (uint32_t at = segment.Home(slot.tag()); at != b; at = segment.Next(at)) ++passed[at];
    }
  }
  for (uint32_t b = 0; b < segment.bucket_count; ++b) {
    const uint8_t spills = segment.buckets[b].spills;
    Require(spills == Bucket::kSticky || spills == passed[b],
            "hash index: a count of spilled records is wrong");
  }
  Require(used == segment.used, "hash index: a segment's count is wrong");
  Require(used <= Limit(segment.bucket_count), "hash index: a segment is too full");
}

size_t HashIndex::CheckInvariants() const {
  size_t records = 0;
  size_t buckets = 0;
  uint32_t at_depth[kMaxDepth + 1] = {};
  Require(entries_ == directory_.data() && mask_ + 1 == directory_.size(), "hash index: the directory moved");
  for (uint32_t index = 0; index <= mask_; ++index) {
    const Segment& segment = entries_[index];
    Require((uint64_t{1} << segment.depth) <= directory_.size(),
            "hash index: a segment is deeper than the directory");
    const Segment& canonical = entries_[index & LowBits(segment.depth)];
    Require(canonical.buckets == segment.buckets && canonical.bucket_count == segment.bucket_count &&
                canonical.depth == segment.depth,
            "hash index: entries of one segment differ");
    if (&canonical != &segment) continue;
    CheckSegment(index);
    records += segment.used;
    buckets += segment.bucket_count;
    ++at_depth[segment.depth];
  }
  Require(std::equal(at_depth, at_depth + kMaxDepth + 1, segments_at_depth_),
          "hash index: depths are miscounted");
  Require(buckets == bucket_total_, "hash index: buckets are miscounted");
  return records;
}

}  // namespace corral::storage
