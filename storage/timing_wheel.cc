#include "storage/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "storage/base/invariant.h"

namespace corral::storage {

namespace {

// Largest time that is still turned into ticks; deadlines beyond are filed for it, and fire early.
constexpr int64_t kMaxMs = int64_t{1} << 52;

int DigitOf(int64_t tick, int level) { return static_cast<int>((tick >> (6 * level)) & 63); }

}  // namespace

TimingWheel::TimingWheel(int64_t now_ms)
    : cursor_tick_(std::clamp<int64_t>(now_ms, 0, kMaxMs) / kTickMs), latest_tick_(cursor_tick_) {
  static_assert(sizeof(Chunk) == 16 && sizeof(Slots) == 512);
}

TimingWheel::~TimingWheel() { Clear(); }

void TimingWheel::Add(uint32_t hash_low, int64_t deadline_ms) { File(hash_low, TickOf(deadline_ms)); }

// Rounded up: a reference never fires before its deadline.
int64_t TimingWheel::TickOf(int64_t deadline_ms) {
  return (std::clamp<int64_t>(deadline_ms, 0, kMaxMs) + kTickMs - 1) / kTickMs;
}

int64_t TimingWheel::BeginAdvance(int64_t now_ms) {
  const int64_t now_tick = std::clamp<int64_t>(now_ms, 0, kMaxMs) / kTickMs;
  if (now_tick + kBackwardToleranceTicks < cursor_tick_) {
    FileAllAnew(now_tick);
    latest_tick_ = now_tick;
  } else {
    latest_tick_ = std::max(now_tick, cursor_tick_);
  }
  return latest_tick_;
}

// The clock went back to `now_tick`: nothing fires, everything is filed again relative to the new cursor, by
// later calls and in bounded steps. Those of an earlier jump that still wait were filed within 2^31 of the
// old base.
void TimingWheel::FileAllAnew(int64_t now_tick) {
  if (refile_ == nullptr) refile_base_tick_ = cursor_tick_;
  for (Level& level : levels_) {
    for (; level.occupied != 0; level.occupied &= level.occupied - 1) {
      Chunk*& slot = (*level.slots)[static_cast<size_t>(std::countr_zero(level.occupied))];
      // Newest chunk in front: only the front one of a list may have room, so `refile_` is never pushed to.
      Chunk* last = slot;
      while (last->next != nullptr) last = last->next;
      last->next = refile_;
      refile_ = slot;
      slot = nullptr;
    }
  }
  cursor_tick_ = now_tick;
}

bool TimingWheel::FirstSlot(int* level, int* slot, int64_t* start_tick) const {
  *start_tick = std::numeric_limits<int64_t>::max();
  for (int i = kLevels - 1; i >= 0; --i) {
    const uint64_t occupied = levels_[static_cast<size_t>(i)].occupied;
    if (occupied == 0) continue;
    const int digit = DigitOf(cursor_tick_, i);
    const int ahead = std::countr_zero(std::rotr(occupied, digit));
    const int64_t start = ((cursor_tick_ >> (kSlotBits * i)) + ahead) << (kSlotBits * i);
    if (start >= *start_tick) continue;
    *start_tick = start;
    *level = i;
    *slot = (digit + ahead) & (kSlots - 1);
  }
  return *start_tick != std::numeric_limits<int64_t>::max();
}

bool TimingWheel::SelectDueSlot(int64_t now_tick) {
  if (refile_ != nullptr) {
    source_level_ = -1;
    return true;
  }
  // The slot at hand is drained to its end before the next one is looked for.
  if (source_level_ >= 0) {
    const Level& level = levels_[static_cast<size_t>(source_level_)];
    if (source_slot_ == DigitOf(cursor_tick_, source_level_) && (level.occupied >> source_slot_ & 1) != 0) {
      return true;
    }
  }
  int64_t start_tick;
  if (!FirstSlot(&source_level_, &source_slot_, &start_tick) || start_tick > now_tick) {
    source_level_ = -1;
    cursor_tick_ = std::max(cursor_tick_, now_tick);
    FreeIdleMemory();
    return false;
  }
  cursor_tick_ = std::max(cursor_tick_, start_tick);
  return true;
}

TimingWheel::Reference TimingWheel::TakeReference() {
  Chunk** list = &refile_;
  if (source_level_ >= 0) {
    list = &(*levels_[static_cast<size_t>(source_level_)].slots)[static_cast<size_t>(source_slot_)];
  }
  Chunk* chunk = *list;
  const Reference reference = chunk->references()[--chunk->count];
  --references_;
  if (chunk->count == 0) {
    *list = chunk->next;
    ReleaseChunk(chunk);
    if (*list == nullptr && source_level_ >= 0) {
      levels_[static_cast<size_t>(source_level_)].occupied &= ~(uint64_t{1} << source_slot_);
    }
  }
  return reference;
}

int64_t TimingWheel::FullTick(Reference reference) const {
  return FullTick(reference, source_level_ < 0 ? refile_base_tick_ : cursor_tick_);
}

void TimingWheel::File(uint32_t hash_low, int64_t tick) {
  tick = std::min(std::max(tick, latest_tick_ + 1), cursor_tick_ + kMaxAheadTicks);
  const uint64_t difference = static_cast<uint64_t>(tick ^ cursor_tick_);
  const int highest_bit = static_cast<int>(std::bit_width(difference)) - 1;
  const int level = std::min(highest_bit / kSlotBits, kLevels - 1);
  const int slot = DigitOf(tick, level);
  Level& target = levels_[static_cast<size_t>(level)];
  if (target.slots == nullptr) [[unlikely]] {
    target.slots = std::make_unique<Slots>();
    bytes_ += sizeof(Slots);
  }
  target.occupied |= uint64_t{1} << slot;
  Push(&(*target.slots)[static_cast<size_t>(slot)], {hash_low, static_cast<uint32_t>(tick)});
  ++references_;
}

void TimingWheel::Push(Chunk** list, Reference reference) {
  Chunk* front = *list;
  if (front == nullptr || front->count == front->capacity) {
    Chunk* chunk =
        AllocateChunk(front == nullptr ? kLeastChunkBytes : std::min(2 * front->bytes(), kMostChunkBytes));
    chunk->next = front;
    *list = front = chunk;
  }
  front->references()[front->count++] = reference;
}

int64_t TimingWheel::NextDueMs() const {
  if (refile_ != nullptr) return cursor_tick_ * kTickMs;
  int level;
  int slot;
  int64_t start_tick;
  if (!FirstSlot(&level, &slot, &start_tick)) return std::numeric_limits<int64_t>::max();
  return start_tick * kTickMs;
}

TimingWheel::Chunk* TimingWheel::AllocateChunk(size_t bytes) {
  Chunk* chunk = free_chunks_;
  if (bytes == kMostChunkBytes && chunk != nullptr) {
    free_chunks_ = chunk->next;
    --free_chunk_count_;
  } else {
    chunk = static_cast<Chunk*>(::operator new(bytes));
    chunk->capacity = CapacityOf(bytes);
    bytes_ += bytes;
  }
  chunk->count = 0;
  return chunk;
}

void TimingWheel::ReleaseChunk(Chunk* chunk) {
  if (chunk->bytes() != kMostChunkBytes || free_chunk_count_ == kMaxFreeChunks) return FreeChunk(chunk);
  chunk->next = free_chunks_;
  free_chunks_ = chunk;
  ++free_chunk_count_;
}

void TimingWheel::FreeIdleMemory() {
  FreeList(std::exchange(free_chunks_, nullptr));
  free_chunk_count_ = 0;
  if (references_ > kFewReferences) return;
  for (Level& level : levels_) {
    if (level.occupied != 0 || level.slots == nullptr) continue;
    level.slots.reset();
    bytes_ -= sizeof(Slots);
  }
}

void TimingWheel::FreeChunk(Chunk* chunk) {
  bytes_ -= chunk->bytes();
  ::operator delete(chunk, chunk->bytes());
}

void TimingWheel::FreeList(Chunk* chunk) {
  while (chunk != nullptr) FreeChunk(std::exchange(chunk, chunk->next));
}

void TimingWheel::Clear() {
  for (Level& level : levels_) {
    if (level.slots == nullptr) continue;
    for (Chunk*& slot : *level.slots) FreeList(std::exchange(slot, nullptr));
    level.occupied = 0;
  }
  FreeList(std::exchange(refile_, nullptr));
  references_ = 0;
  FreeIdleMemory();
  source_level_ = -1;
}

void TimingWheel::CheckInvariants() const {
  Require(cursor_tick_ <= latest_tick_, "timing wheel: cursor not after the latest call");
  size_t references = 0;
  size_t bytes = 0;
  const auto count_list = [&](const Chunk* list, auto&& check) {
    for (const Chunk* chunk = list; chunk != nullptr; chunk = chunk->next) {
      Require(chunk->count > 0 && chunk->count <= chunk->capacity, "timing wheel: chunk count");
      Require(list == refile_ || chunk == list || chunk->count == chunk->capacity,
              "timing wheel: only the front chunk has room");
      for (uint32_t i = 0; i < chunk->count; ++i) check(chunk->references()[i].tick);
      references += chunk->count;
      bytes += chunk->bytes();
    }
  };
  for (int level = 0; level < kLevels; ++level) {
    const Level& at = levels_[static_cast<size_t>(level)];
    if (at.slots == nullptr) {
      Require(at.occupied == 0, "timing wheel: level without slots");
      continue;
    }
    bytes += sizeof(Slots);
    for (int slot = 0; slot < kSlots; ++slot) {
      const Chunk* list = (*at.slots)[static_cast<size_t>(slot)];
      Require((list != nullptr) == ((at.occupied >> slot & 1) != 0), "timing wheel: occupancy bit");
      count_list(list, [&](uint32_t low) {
        const int64_t tick = FullTick({0, low}, cursor_tick_);
        Require(tick >= cursor_tick_, "timing wheel: reference not in the past");
        Require(DigitOf(tick, level) == slot, "timing wheel: reference in its slot");
        Require(level == kLevels - 1 || (tick ^ cursor_tick_) >> (kSlotBits * (level + 1)) == 0,
                "timing wheel: reference at its level");
      });
    }
  }
  count_list(refile_, [](uint32_t) {});
  Require(references == references_, "timing wheel: reference count");
  size_t free_chunks = 0;
  for (const Chunk* chunk = free_chunks_; chunk != nullptr; chunk = chunk->next) {
    Require(chunk->bytes() == kMostChunkBytes, "timing wheel: free chunk size");
    bytes += chunk->bytes();
    ++free_chunks;
  }
  Require(free_chunks == free_chunk_count_ && free_chunks <= kMaxFreeChunks,
          "timing wheel: free chunk count");
  Require(bytes == bytes_, "timing wheel: bytes allocated");
}

}  // namespace corral::storage
