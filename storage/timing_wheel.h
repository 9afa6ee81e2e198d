// The hierarchical timing wheel that knows which keys are due, without touching their records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace corral::storage {

// 6 levels of 64 slots; a tick is 16 ms of Unix time, so slots of all wheels start at the same moments. A
// slot is a list of chunks of 8-byte references:
//
//   reference:  | low 32 bits of the key's hash | low 32 bits of the deadline's tick |
//   chunk:      | next 8 | count 4 | capacity 4 | 6, 14 or 30 references |     64, 128 or 256 bytes
//
// The first chunk of a slot is small, the following ones larger: thousands of wheels, of shards and
// databases, with a few references each are as usual as one with millions.
//
// A reference lies at the level of the highest base-64 digit in which its tick differs from `cursor_tick_`,
// in the slot of that digit. When the cursor reaches the start of a slot of level 0, its references fire; of
// a higher level, they cascade: each fires, if its time has come, or moves to a lower level. Only the wheel's
// own chunks are read for that.
//
// A firing is a hint: the owner looks the key up, compares its true deadline with the clock, and calls Add
// again when that has moved on. So extending a deadline costs nothing here, and a deadline further away than
// 2^31 ticks (397 days) is simply filed for an earlier time.
//
// Add is O(1); finding the next slot O(levels). Owned by its shard's lock. A wheel takes 200 bytes, and 512
// for each level in use.
class TimingWheel {
 public:
  static constexpr int64_t kTickMs = 16;

  explicit TimingWheel(int64_t now_ms);
  ~TimingWheel();
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  // Files a reference: it fires at the first Advance at or after the end of the deadline's tick, never before
  // the deadline (but see 2^31 above). A deadline in the past fires at the next tick.
  void Add(uint32_t hash_low, int64_t deadline_ms);

  // Calls visit(uint32_t hash_low) for what is due at `now_ms`, in no particular order; `visit` may call Add.
  // A reference touched, cascaded ones included, takes one of `*steps`, and `visit` may take of them as well.
  // Returns true when due work is left: call again. Survives clocks that jump: forward, everything passed
  // fires; backward (by more than a second), all references are filed anew.
  template <class Visit>
  bool Advance(int64_t now_ms, size_t* steps, Visit&& visit) {
    const int64_t now_tick = BeginAdvance(now_ms);
    while (*steps > 0) {
      if (!SelectDueSlot(now_tick)) return false;
      --*steps;
      const Reference reference = TakeReference();
      const int64_t tick = FullTick(reference);
      if (tick <= now_tick) {
        visit(reference.hash_low);
      } else {
        File(reference.hash_low, tick);
      }
    }
    return SelectDueSlot(now_tick);
  }

  // Unix ms at which Advance has something to do next, a cascade included; in the past when it has now;
  // INT64_MAX when the wheel is empty. Whoever sleeps until then is never late by more than a tick. A
  // multiple of kTickMs, and for cascades of kTickMs * 64^level, so that all wheels of the process wake
  // together.
  int64_t NextDueMs() const;

  // Calls visit(uint32_t hash_low, int64_t fires_ms) for each reference.
  template <class Visit>
  void ForEach(Visit&& visit) const;
  // Whether a deadline, if it were filed, would fire at the next tick.
  bool IsOverdue(int64_t deadline_ms) const { return TickOf(deadline_ms) <= latest_tick_ + 1; }

  size_t references() const { return references_; }
  size_t allocated_bytes() const { return bytes_; }  // on the heap
  void Clear();                                      // forgets everything and gives the memory back
  void CheckInvariants() const;                      // aborts with a message

 private:
  static constexpr int kLevels = 6;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;
  static constexpr int64_t kMaxAheadTicks = (int64_t{1} << 31) - 1;
  static constexpr int64_t kBackwardToleranceTicks =
      64;  // workers' cached clocks differ by some milliseconds
  static constexpr size_t kMaxFreeChunks = 64;
  static constexpr size_t kFewReferences =
      1024;  // beyond, the room of levels that may be used again is little

  struct Reference {
    uint32_t hash_low;
    uint32_t tick;
  };
  struct Chunk {
    Chunk* next;
    uint32_t count;
    uint32_t capacity;
    Reference* references() { return reinterpret_cast<Reference*>(this + 1); }
    const Reference* references() const { return reinterpret_cast<const Reference*>(this + 1); }
    size_t bytes() const { return sizeof(Chunk) + capacity * sizeof(Reference); }
  };
  static constexpr uint32_t CapacityOf(size_t bytes) {
    return static_cast<uint32_t>((bytes - sizeof(Chunk)) / sizeof(Reference));
  }
  static constexpr size_t kLeastChunkBytes = 64;
  static constexpr size_t kMostChunkBytes = 256;

  // Lists of chunks: newest first; only that one may be less than full.
  using Slots = std::array<Chunk*, kSlots>;
  struct Level {
    uint64_t occupied = 0;         // bit s: slots[s] has references
    std::unique_ptr<Slots> slots;  // there while any is occupied, and until there is nothing to do
  };

  static int64_t TickOf(int64_t deadline_ms);
  int64_t BeginAdvance(int64_t now_ms);
  void FileAllAnew(int64_t now_tick);
  bool SelectDueSlot(int64_t now_tick);
  // The occupied slot that starts first, the higher level on a tie; false when no slot is occupied.
  bool FirstSlot(int* level, int* slot, int64_t* start_tick) const;
  Reference TakeReference();
  int64_t FullTick(Reference reference) const;
  static int64_t FullTick(Reference reference, int64_t base) {
    return base + static_cast<int32_t>(reference.tick - static_cast<uint32_t>(base));
  }
  void File(uint32_t hash_low, int64_t tick);
  void Push(Chunk** list, Reference reference);
  Chunk* AllocateChunk(size_t bytes);
  void ReleaseChunk(Chunk* chunk);
  void FreeIdleMemory();
  void FreeList(Chunk* chunk);
  void FreeChunk(Chunk* chunk);

  std::array<Level, kLevels> levels_;
  int64_t cursor_tick_;           // every slot that starts at or before it is drained, or being drained
  int64_t latest_tick_;           // of the latest Advance, >= cursor_tick_: what is overdue is filed after it
  Chunk* refile_ = nullptr;       // after a jump backward: what must be filed anew, before anything else
  int64_t refile_base_tick_ = 0;  // ticks of `refile_` are within 2^31 of it
  int source_level_ = -1;         // what SelectDueSlot chose: a slot, or -1 for `refile_`
  int source_slot_ = 0;
  size_t references_ = 0;
  size_t bytes_ = 0;              // of chunks, free ones included, and of levels
  Chunk* free_chunks_ = nullptr;  // of kMostChunkBytes
  size_t free_chunk_count_ = 0;
};

template <class Visit>
void TimingWheel::ForEach(Visit&& visit) const {
  const auto visit_list = [&](const Chunk* chunk, int64_t base) {
    for (; chunk != nullptr; chunk = chunk->next) {
      for (uint32_t i = 0; i < chunk->count; ++i) {
        const Reference reference = chunk->references()[i];
        visit(reference.hash_low, FullTick(reference, base) * kTickMs);
      }
    }
  };
  for (const Level& level : levels_) {
    if (level.slots == nullptr) continue;
    for (const Chunk* list : *level.slots) visit_list(list, cursor_tick_);
  }
  visit_list(refile_, refile_base_tick_);
}

}  // namespace corral::storage
