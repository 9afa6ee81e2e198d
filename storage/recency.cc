#include "storage/recency.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "storage/base/invariant.h"

namespace corral::storage {

namespace {

// LRU: the stamp is the rank. LFU: | rank 5 bits | level 3 bits |. Level 0: on probation, not used since it
// came. Level n: the uses, each counting half as much after kDoublingLifetimes, sum up to about 2^(n-1).
constexpr int kMaxLevel = 4;
constexpr int kMaxRankLru = 255;
constexpr int kMaxRankLfu = 31;

// A lifetime: so much written that a cache without hits is replaced once. As epochs of SetEpochBytes.
constexpr uint64_t kLifetimeEpochs = 64;
// Measured by tools/hitratio: longer epochs do no harm to LFU, shorter ones cost it ranks.
constexpr uint64_t kLfuEpochs = 8;
constexpr double kDoublingLifetimes = 2;
constexpr double kOrdersPerLifetime = 4096;

constexpr int64_t kLruEpochMs = 1000;
constexpr int64_t kLfuEpochMs = 3'600'000;
constexpr uint64_t kLeastEpochBytes = 64 * 1024;  // without a limit

// Epochs that began in the last so many milliseconds stay as they are, if they are a second long.
constexpr int64_t kExactMs = 32'000;
// How much more precision by bytes (eviction) counts than by time (IDLETIME).
constexpr double kBytesWeight = 16;

}  // namespace

RecencyClock::RecencyClock(int64_t now_ms, RecencyMode mode) {
  Restart(mode, now_ms);
  EndTranslation();  // there is no stamp yet
}

void RecencyClock::Restart(RecencyMode mode, int64_t now_ms) {
  mode_ = mode;
  rank_ = 0;
  compaction_due_ = false;
  ++generation_;
  epoch_ms_ = mode == RecencyMode::kLru ? kLruEpochMs : kLfuEpochMs;
  epochs_[0] = {now_ms, written_bytes_};
  SetEpochBytes(limited_epoch_bytes_);
  std::vector<uint16_t>().swap(ghosts_);
  // To rank 0, in either mode. Should a segment sleep through 256 restarts, its keys keep their stamps: that
  // costs precision only.
  BeginTranslation();
  translation_.to.fill(0);
}

// Without a limit, all that was written so far stands for a lifetime: when a limit comes, the ages are there.
uint64_t RecencyClock::LifetimeBytes() const {
  if (limited_epoch_bytes_ != 0) return limited_epoch_bytes_ * kLifetimeEpochs;
  return std::max(written_bytes_ - idle_bytes_, kLeastEpochBytes * kLifetimeEpochs);
}

uint64_t RecencyClock::EpochBytes() const {
  return LifetimeBytes() / kLifetimeEpochs * (mode_ == RecencyMode::kLru ? 1 : kLfuEpochs);
}

void RecencyClock::SetEpochBytes(uint64_t bytes) {
  limited_epoch_bytes_ = bytes;
  epoch_end_bytes_ = epochs_[rank_].start_bytes + EpochBytes();
  if (mode_ == RecencyMode::kLfu) UpdateFrequencyTables();
}

void RecencyClock::BeginEpoch(int64_t now_ms) {
  const int max_rank = mode_ == RecencyMode::kLru ? kMaxRankLru : kMaxRankLfu;
  if (rank_ == max_rank) return;  // until a compaction
  // In LFU mode only bytes make keys age; an hour without them stands for an epoch's.
  if (mode_ == RecencyMode::kLfu && written_bytes_ < epoch_end_bytes_) {
    const uint64_t bytes = EpochBytes();
    written_bytes_ += bytes;
    idle_bytes_ += bytes;
  }
  epochs_[++rank_] = {now_ms, written_bytes_};
  epoch_end_bytes_ = written_bytes_ + EpochBytes();
  compaction_due_ = rank_ == max_rank;
  if (mode_ == RecencyMode::kLfu) UpdateFrequencyTables();
}

uint8_t RecencyClock::RankOf(uint8_t stamp) const {
  const uint8_t rank = mode_ == RecencyMode::kLru ? stamp : stamp >> kLevelBits;
  return std::min(rank, rank_);
}

int64_t RecencyClock::IdleSeconds(uint8_t stamp, int64_t now_ms) const {
  return std::max<int64_t>(0, now_ms - epochs_[RankOf(stamp)].start_ms) / 1000;
}

int RecencyClock::Frequency(uint8_t stamp) const {
  if (mode_ == RecencyMode::kLru) return 0;
  const double lifetimes =
      static_cast<double>(epochs_[rank_].start_bytes - epochs_[RankOf(stamp)].start_bytes) /
      static_cast<double>(LifetimeBytes());
  return static_cast<int>(std::lround(std::exp2((stamp & (kLevels - 1)) - lifetimes / kDoublingLifetimes)));
}

uint8_t RecencyClock::StampOfIdle(int64_t idle_s, int64_t now_ms) const {
  uint8_t rank = rank_;
  while (rank > 0 && (now_ms - epochs_[rank].start_ms) / 1000 < idle_s) --rank;
  return rank;
}

uint8_t RecencyClock::StampOfFrequency(int frequency) const {
  const auto first = static_cast<uint8_t>(rank_ << kLevelBits);
  uint8_t nearest = first;
  for (uint8_t level = 1; level < kLevels; ++level) {
    const auto stamp = static_cast<uint8_t>(first | level);
    if (std::abs(Frequency(stamp) - frequency) < std::abs(Frequency(nearest) - frequency)) nearest = stamp;
  }
  return nearest;
}

// What a merge of the epochs `first` and `first` + 1 would cost in precision. The current epoch stays alone.
double RecencyClock::MergeCost(int first) const {
  const Epoch& begin = epochs_[static_cast<size_t>(first)];
  const Epoch& end = epochs_[static_cast<size_t>(first) + 2];
  const Epoch& now = epochs_[rank_];
  const auto span = static_cast<double>(end.start_bytes - begin.start_bytes);
  const auto age = static_cast<double>(now.start_bytes - end.start_bytes);
  double cost = kBytesWeight * span / (age + static_cast<double>(LifetimeBytes()));
  const int64_t span_ms = end.start_ms - begin.start_ms;
  if (mode_ == RecencyMode::kLru && span_ms > kLruEpochMs) {
    const int64_t age_ms = now.start_ms - end.start_ms;
    if (age_ms < kExactMs) return std::numeric_limits<double>::max();
    cost = std::max(cost, static_cast<double>(span_ms) / static_cast<double>(age_ms));
  }
  return cost;
}

void RecencyClock::BeginTranslation() {
  ++translation_.round;
  translation_.under_way = true;
}

// Merges neighbours until a quarter of the ranks is free again.
void RecencyClock::BeginCompaction() {
  const int target = (rank_ + 1) * 3 / 4;
  std::array<uint8_t, 256> new_rank;
  for (size_t i = 0; i < new_rank.size(); ++i) new_rank[i] = static_cast<uint8_t>(std::min<size_t>(i, rank_));
  while (rank_ + 1 > target && rank_ >= 2) {
    int cheapest = 0;
    double cheapest_cost = MergeCost(0);
    for (int i = 1; i + 2 <= rank_; ++i) {
      const double cost = MergeCost(i);
      if (cost >= cheapest_cost) continue;
      cheapest = i;
      cheapest_cost = cost;
    }
    std::copy(epochs_.begin() + cheapest + 2, epochs_.begin() + rank_ + 1, epochs_.begin() + cheapest + 1);
    for (uint8_t& rank : new_rank) rank = static_cast<uint8_t>(rank - (rank > cheapest));
    --rank_;
  }
  BeginTranslation();
  for (size_t stamp = 0; stamp < translation_.to.size(); ++stamp) {
    if (mode_ == RecencyMode::kLru) {
      translation_.to[stamp] = new_rank[stamp];
    } else {
      translation_.to[stamp] =
          static_cast<uint8_t>(new_rank[stamp >> kLevelBits] << kLevelBits | (stamp & (kLevels - 1)));
    }
  }
  compaction_due_ = false;
  ++generation_;
  if (mode_ == RecencyMode::kLfu) UpdateFrequencyTables();
}

// The order of a key is the time of its last use, moved forward by its level, or backward while it is on
// probation. So one number compares an old key of many uses with a new key of few. (LRFU: Lee et al., IEEE
// Transactions on Computers 2001. Probation is the small queue of S3-FIFO: Yang et al., SOSP 2023.)
void RecencyClock::UpdateFrequencyTables() {
  ++generation_;
  for (size_t stamp = 0; stamp < orders_.size(); ++stamp) {
    const int level = static_cast<int>(stamp) & (kLevels - 1);
    const Epoch& used = epochs_[RankOf(static_cast<uint8_t>(stamp))];
    const double lifetimes = static_cast<double>(epochs_[rank_].start_bytes - used.start_bytes) /
                             static_cast<double>(LifetimeBytes());
    const double worth = std::max(level - 1, 0) * kDoublingLifetimes;
    const double order = std::max(worth - lifetimes, -100'000.0) * kOrdersPerLifetime;
    orders_[stamp] = static_cast<int32_t>(std::lround(order));

    const double before = std::exp2(level - 1 - lifetimes / kDoublingLifetimes);
    const double after = std::min(std::log2(1 + before), static_cast<double>(kMaxLevel - 1));
    const double whole = std::floor(after);
    transitions_[stamp] = {static_cast<uint8_t>(whole + 1), static_cast<uint8_t>((after - whole) * 255)};
  }
}

uint8_t RecencyClock::TouchFrequency(uint8_t stamp) {
  dice_ = dice_ * 1664525 + 1013904223;
  const Transition& to = transitions_[stamp];
  const uint32_t level = to.level + uint32_t{(dice_ >> 24) < to.chance};
  return static_cast<uint8_t>(uint32_t{rank_} << kLevelBits | level);
}

uint8_t RecencyClock::NewFrequencyStamp(uint32_t hash_low) {
  uint32_t level = 0;
  if (!ghosts_.empty()) {
    uint16_t& ghost = ghosts_[hash_low & (ghosts_.size() - 1)];
    if (ghost == hash_low >> 16 && ghost != 0) {
      ghost = 0;
      level = 1;
    }
  }
  return static_cast<uint8_t>(uint32_t{rank_} << kLevelBits | level);
}

void RecencyClock::NoteEvicted(uint32_t hash_low, size_t keys) {
  if (mode_ == RecencyMode::kLru) return;
  if (ghosts_.size() < keys) ghosts_.assign(std::bit_ceil(keys), 0);
  ghosts_[hash_low & (ghosts_.size() - 1)] = static_cast<uint16_t>(hash_low >> 16);
}

void RecencyClock::CheckInvariants() const {
  Require(rank_ <= (mode_ == RecencyMode::kLru ? kMaxRankLru : kMaxRankLfu), "recency: rank within its bits");
  Require(epochs_[rank_].start_bytes <= written_bytes_, "recency: bytes of the current epoch");
  for (size_t i = 1; i <= rank_; ++i) {
    Require(epochs_[i - 1].start_bytes <= epochs_[i].start_bytes, "recency: epochs in the order of bytes");
  }
  Require(ghosts_.empty() || (mode_ == RecencyMode::kLfu && std::has_single_bit(ghosts_.size())),
          "recency: ghosts");
  if (mode_ == RecencyMode::kLru) return;
  for (size_t level = 0; level < kLevels; ++level) {
    for (size_t rank = 1; rank <= rank_; ++rank) {
      Require(orders_[rank << kLevelBits | level] >= orders_[(rank - 1) << kLevelBits | level],
              "recency: later is higher");
    }
  }
}

}  // namespace corral::storage
