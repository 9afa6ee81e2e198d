// The bucket of a hash index: one cache line with seven slots and a byte of their owner's for each.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace corral::storage {

// What a hash index keeps for an entry: where it is, and what can be known without touching it. The owner of
// an index derives its own slot, with names for the address and the marks.
//
//   bits  63 ..... 48 | 47 ............. 2 | 1           | 0
//         tag         | a multiple of four | second mark | mark
//
// All bits zero: no entry. The tag is the low 16 bits of the entry's hash.
class TaggedSlot {
 public:
  TaggedSlot() = default;

  bool empty() const { return bits_ == 0; }
  uint16_t tag() const { return static_cast<uint16_t>(bits_ >> 48); }

 protected:
  TaggedSlot(const void* address, uint16_t tag, bool mark, bool second_mark = false)
      : TaggedSlot(reinterpret_cast<uintptr_t>(address) | uint64_t{second_mark} << 1 | uint64_t{mark}, tag) {}
  // `bits`: 48 of them that are not all zero, for an owner who keeps something else than an address.
  TaggedSlot(uint64_t bits, uint16_t tag) : bits_(uint64_t{tag} << 48 | bits) {}

  bool mark() const { return (bits_ & 1) != 0; }
  bool second_mark() const { return (bits_ & 2) != 0; }
  bool marked() const { return (bits_ & 3) != 0; }  // one way or the other
  uint64_t bits() const { return bits_ & 0x0000'ffff'ffff'ffff; }
  void* address() const { return reinterpret_cast<void*>(bits_ & kAddress); }

 private:
  static constexpr uint64_t kAddress = 0x0000'ffff'ffff'fffc;
  uint64_t bits_ = 0;
};
static_assert(sizeof(TaggedSlot) == 8);

// Seven slots of eight bytes, seven stamps (the owner's: recency), and one byte `spills`. `spills` counts the
// entries that belong into this bucket or an earlier one and lie behind it because it was full; a search ends
// where it is zero. At kSticky it stops counting until the segment is rebuilt. There are no overflow buckets:
// a search goes on in the next bucket in memory. Slot is a TaggedSlot without further members.
template <class Slot>
struct alignas(64) SlotBucket {
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
};

// A slot of a bucket; void when not found. Valid until the index inserts or removes.
template <class Slot>
struct SlotPosition {
  SlotBucket<Slot>* bucket = nullptr;
  int index = 0;

  explicit operator bool() const { return bucket != nullptr; }
  Slot slot() const { return bucket->slots[index]; }
  const Slot* operator->() const { return &bucket->slots[index]; }
  uint8_t& stamp() const { return bucket->stamps[index]; }
};

#if defined(__SSE2__)
// The four 16-byte parts give their tags to one vector: lanes 0..7 are slots 0 2 4 6 1 3 5 and the stamps.
template <class Slot>
unsigned SlotBucket<Slot>::Matches(uint16_t tag) const {
  static_assert(sizeof(Slot) == 8 && sizeof(SlotBucket) == 64);
  const auto* parts = reinterpret_cast<const __m128i*>(this);
  const __m128i top = _mm_set1_epi64x(static_cast<int64_t>(0xffff'0000'0000'0000));
  __m128i tags = _mm_srli_epi64(_mm_load_si128(parts), 48);
  tags = _mm_or_si128(tags, _mm_srli_epi64(_mm_and_si128(_mm_load_si128(parts + 1), top), 32));
  tags = _mm_or_si128(tags, _mm_srli_epi64(_mm_and_si128(_mm_load_si128(parts + 2), top), 16));
  tags = _mm_or_si128(tags, _mm_and_si128(_mm_load_si128(parts + 3), top));
  const __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<int16_t>(tag)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, equal))) & 0x7fu;
}
template <class Slot>
int SlotBucket<Slot>::SlotOf(unsigned matches) {
  const int lane = std::countr_zero(matches);
  return (lane & 3) * 2 + (lane >> 2);
}
#else
template <class Slot>
unsigned SlotBucket<Slot>::Matches(uint16_t tag) const {
  unsigned matches = 0;
  for (int i = 0; i < kSlots; ++i) matches |= unsigned{slots[i].tag() == tag} << i;
  return matches;
}
template <class Slot>
int SlotBucket<Slot>::SlotOf(unsigned matches) {
  return std::countr_zero(matches);
}
#endif

template <class Slot>
unsigned SlotBucket<Slot>::Used() const {
  unsigned used = 0;
  for (int i = 0; i < kSlots; ++i) used |= unsigned{!slots[i].empty()} << i;
  return used;
}

}  // namespace corral::storage
