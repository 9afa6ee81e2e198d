// The recency clock: what the one-byte stamp of a key means, by which LRU and LFU eviction choose.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/base/stamp_translation.h"

namespace corral::storage {

enum class RecencyMode : uint8_t { kLru, kLfu };

// Cuts a shard's time into epochs and numbers them by rank, 0 the oldest. A stamp names the epoch of a key's
// last use (LRU), or a coarser one with a frequency (LFU). Ranks are monotone: a higher rank was used later,
// and nothing wraps. An epoch ends when the bytes set by SetEpochBytes were written in it, or when it is a
// second old and something is used. Every epoch's start time is remembered for OBJECT IDLETIME.
//
// When the ranks run out, a compaction merges neighbouring epochs, and all stamps of the shard are translated
// by a table of 256 entries, some at a time. It first merges the pairs whose joint length, in time and in
// bytes, is small compared with their age. So old ages become coarse, recent ones stay exact, and 256 ranks
// are enough for any span of time. It comes once per 64 epochs at most (LFU: 8).
//
// Owned by the shard's lock. Touch and NewStamp are O(1).
class RecencyClock {
 public:
  explicit RecencyClock(int64_t now_ms, RecencyMode mode = RecencyMode::kLru);

  // Starts afresh. Stamps given before are translated to that of a new key.
  void Restart(RecencyMode mode, int64_t now_ms);
  RecencyMode mode() const { return mode_; }
  // maxmemory / 64 / shards; 0, as at the start, without a limit: a 64th of what was written so far.
  void SetEpochBytes(uint64_t bytes);
  void AddWritten(uint64_t bytes) { written_bytes_ += bytes; }

  // The stamp of a key that is new in the table. `hash_low`: its hash's low 32 bits (LFU remembers evicted
  // ones).
  uint8_t NewStamp(uint32_t hash_low, int64_t now_ms) {
    if (EpochIsOver(now_ms)) [[unlikely]]
      BeginEpoch(now_ms);
    return mode_ == RecencyMode::kLru ? rank_ : NewFrequencyStamp(hash_low);
  }
  // The stamp after a use of a key that has `stamp`. Store it only when it differs: a hot key's line stays
  // clean.
  uint8_t Touch(uint8_t stamp, int64_t now_ms) {
    if (EpochIsOver(now_ms)) [[unlikely]]
      BeginEpoch(now_ms);
    return mode_ == RecencyMode::kLru ? rank_ : TouchFrequency(stamp);
  }

  // True when there is a translation to begin or to go on with. Checked before every use of a stamp (one
  // predictable branch).
  bool unsettled() const { return compaction_due_ || translation_.under_way; }
  // True when the ranks ran out. Until the owner begins a compaction the last epoch lasts longer, which costs
  // precision only.
  bool compaction_due() const { return compaction_due_; }
  // No translation may be under way. Until the owner ends it, it gives this clock translated stamps only.
  void BeginCompaction();
  void EndTranslation() { translation_.under_way = false; }
  const StampTranslation& translation() const { return translation_; }

  // Seconds since the last use, rounded down; exact to a second for the last half minute, to about an eighth
  // of the age later.
  int64_t IdleSeconds(uint8_t stamp, int64_t now_ms) const;
  // OBJECT FREQ in LFU mode, 0 in LRU mode.
  int Frequency(uint8_t stamp) const;
  // LRU: the stamp of a key that was last used so long ago; the oldest there is where the clock does not
  // reach back so far. LFU: the one whose Frequency is nearest. O(256) at most.
  uint8_t StampOfIdle(int64_t idle_s, int64_t now_ms) const;
  uint8_t StampOfFrequency(int frequency) const;

  // Which of two keys goes first: the one with the lower order. Comparable until the next call of anything
  // but this.
  int32_t Order(uint8_t stamp) const { return mode_ == RecencyMode::kLru ? stamp : orders_[stamp]; }
  // LFU: on probation. The key has not been used since it was stored, and was not evicted shortly before
  // that.
  bool OnProbation(uint8_t stamp) const { return mode_ == RecencyMode::kLfu && (stamp & (kLevels - 1)) == 0; }
  // An evicted key: LFU mode does not put it on probation again if it comes back soon. `keys`: how many its
  // table holds; two bytes are remembered for each.
  void NoteEvicted(uint32_t hash_low, size_t keys);

  // Changes whenever stamps and orders were translated.
  uint32_t generation() const { return generation_; }
  uint8_t rank() const { return rank_; }
  void CheckInvariants() const;  // aborts with a message

 private:
  struct Epoch {
    int64_t start_ms;
    uint64_t start_bytes;  // what was written before it
  };
  // LFU: where a use takes a stamp.
  struct Transition {
    uint8_t level;   // at least this
    uint8_t chance;  // and with so many 256ths the next one
  };

  bool EpochIsOver(int64_t now_ms) const {
    // A clock that is a little behind (another worker's) counts as now; one that jumped back ends the epoch.
    const auto elapsed_ms = static_cast<uint64_t>(now_ms - epochs_[rank_].start_ms + kClockSkewMs);
    return elapsed_ms >= epoch_ms_ + kClockSkewMs || written_bytes_ >= epoch_end_bytes_;
  }
  void BeginEpoch(int64_t now_ms);
  void BeginTranslation();
  uint8_t NewFrequencyStamp(uint32_t hash_low);
  uint8_t TouchFrequency(uint8_t stamp);
  void UpdateFrequencyTables();
  uint8_t RankOf(uint8_t stamp) const;
  uint64_t EpochBytes() const;
  uint64_t LifetimeBytes() const;
  double MergeCost(int first) const;

  static constexpr int64_t kClockSkewMs = 60'000;
  static constexpr int kLevelBits = 3;
  static constexpr int kLevels = 1 << kLevelBits;

  RecencyMode mode_;
  uint8_t rank_ = 0;
  bool compaction_due_ = false;
  uint32_t generation_ = 0;
  uint64_t epoch_ms_ = 0;
  uint64_t limited_epoch_bytes_ = 0;
  uint64_t written_bytes_ = 0;
  uint64_t idle_bytes_ = 0;  // of these, what epochs that ended without them stood for
  uint64_t epoch_end_bytes_ = 0;
  std::array<Epoch, 256> epochs_;  // by rank; those up to rank_ are set
  StampTranslation translation_;
  // LFU only.
  std::array<int32_t, 256> orders_{};
  std::array<Transition, 256> transitions_{};
  uint32_t dice_ = 1;
  std::vector<uint16_t> ghosts_;  // fingerprints of evicted keys, placed by their hash
};

}  // namespace corral::storage
