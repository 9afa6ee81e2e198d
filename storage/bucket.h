// The bucket: one cache line with seven references to records and their recency stamps.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "storage/record.h"

namespace corral::storage {

// A reference to a record, with what can be known without touching it.
//
//   bits  63 ..... 48 | 47 ............ 1 | 0
//         tag         | record address    | has an expiry
class Slot {
 public:
  Slot() = default;
  Slot(Record* record, uint16_t tag, bool expires)
      : bits_(uint64_t{tag} << 48 | reinterpret_cast<uintptr_t>(record) | uint64_t{expires}) {}

  bool empty() const { return bits_ == 0; }
  uint16_t tag() const { return static_cast<uint16_t>(bits_ >> 48); }
  bool expires() const { return (bits_ & 1) != 0; }
  Record* record() const { return reinterpret_cast<Record*>(bits_ & kAddress); }

 private:
  static constexpr uint64_t kAddress = 0x0000'ffff'ffff'fffe;
  uint64_t bits_ = 0;
};

// Seven slots of eight bytes, seven stamps, and one byte `spills`. `spills` counts the records that belong
// into this bucket or an earlier one and lie behind it because it was full; a search ends where it is zero.
// At kSticky it stops counting until the segment is rebuilt. There are no overflow buckets: a search goes on
// in the next bucket in memory. Owned by the shard's lock.
struct alignas(64) Bucket {
  static constexpr int kSlots = 7;
  static constexpr uint8_t kSticky = 255;

  Slot slots[kSlots];
  uint8_t stamps[kSlots] = {};
  uint8_t spills = 0;

  // One bit for each slot that carries `tag` (an empty slot carries 0, so a match of 0 is to be looked at).
  // The bits are in an order of their own: SlotOf() names the slot of the lowest one.
  unsigned Matches(uint16_t tag) const;
  // One bit, in order, for each slot in use.
  unsigned Used() const;

  static int SlotOf(unsigned matches);

  // Read and written when a key to evict is chosen.
  bool occupied(int i) const { return !slots[i].empty(); }
  bool expiring(int i) const { return slots[i].expires(); }
  int64_t expire_at_ms(int i) const { return slots[i].record()->expire_at_ms(); }
  uint8_t stamp(int i) const { return stamps[i]; }
  void set_stamp(int i, uint8_t stamp) { stamps[i] = stamp; }
};
static_assert(sizeof(Slot) == 8 && sizeof(Bucket) == 64);

#if defined(__SSE2__)
// The four 16-byte parts give their tags to one vector: lanes 0..7 are slots 0 2 4 6 1 3 5 and the stamps.
inline unsigned Bucket::Matches(uint16_t tag) const {
  const auto* parts = reinterpret_cast<const __m128i*>(this);
  const __m128i top = _mm_set1_epi64x(static_cast<int64_t>(0xffff'0000'0000'0000));
  __m128i tags = _mm_srli_epi64(_mm_load_si128(parts), 48);
  tags = _mm_or_si128(tags, _mm_srli_epi64(_mm_and_si128(_mm_load_si128(parts + 1), top), 32));
  tags = _mm_or_si128(tags, _mm_srli_epi64(_mm_and_si128(_mm_load_si128(parts + 2), top), 16));
  tags = _mm_or_si128(tags, _mm_and_si128(_mm_load_si128(parts + 3), top));
  const __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<int16_t>(tag)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, equal))) & 0x7fu;
}
inline int Bucket::SlotOf(unsigned matches) {
  const int lane = std::countr_zero(matches);
  return (lane & 3) * 2 + (lane >> 2);
}
#else
inline unsigned Bucket::Matches(uint16_t tag) const {
  unsigned matches = 0;
  for (int i = 0; i < kSlots; ++i) matches |= unsigned{slots[i].tag() == tag} << i;
  return matches;
}
inline int Bucket::SlotOf(unsigned matches) { return std::countr_zero(matches); }
#endif

inline unsigned Bucket::Used() const {
  unsigned used = 0;
  for (int i = 0; i < kSlots; ++i) used |= unsigned{!slots[i].empty()} << i;
  return used;
}

// A slot of a bucket; void when not found. Valid until the table inserts or erases.
struct Position {
  Bucket* bucket = nullptr;
  int index = 0;

  explicit operator bool() const { return bucket != nullptr; }
  Slot slot() const { return bucket->slots[index]; }
  Record* record() const { return slot().record(); }
  uint8_t& stamp() const { return bucket->stamps[index]; }
};

}  // namespace corral::storage
