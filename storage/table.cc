#include "storage/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "storage/base/invariant.h"

namespace corral::storage {

namespace {

// A wheel full of stale references: many small chunks, freed elsewhere.
struct WheelGarbage final : Garbage {
  explicit WheelGarbage(std::unique_ptr<TimingWheel> dropped) : wheel(std::move(dropped)) {}
  size_t objects() const override { return 0; }
  std::unique_ptr<TimingWheel> wheel;
};

}  // namespace

Table::~Table() = default;

Position Table::Insert(uint64_t hash, Record* record, const Deadlines& deadlines, uint8_t stamp,
                       int64_t now_ms) {
  const Slot slot(record, static_cast<uint16_t>(hash), deadlines);
  const Position position = index_.Insert(hash, slot, stamp);
  Count(size_, 1);
  if (slot.has_deadline()) {
    Count(expiring_, slot.expires());
    Count(value_expiring_, slot.value_expires());
    AddReference(hash, deadlines, now_ms);
  }
  return position;
}

void Table::Update(uint64_t hash, Position position, Record* record, const Deadlines& before,
                   int64_t now_ms) {
  const Deadlines deadlines = record->deadlines();
  const Slot old = position.slot();
  const Slot slot(record, static_cast<uint16_t>(hash), deadlines);
  position.bucket->slots[position.index] = slot;
  if (!slot.has_deadline() && !old.has_deadline()) [[likely]]
    return;
  if (slot.expires() != old.expires()) Count(expiring_, slot.expires() ? 1 : -1);
  if (slot.value_expires() != old.value_expires()) Count(value_expiring_, slot.value_expires() ? 1 : -1);
  if (slot.has_deadline() && (!before.any() || deadlines.NextMs() < before.NextMs())) {
    AddReference(hash, deadlines, now_ms);
  }
}

Record* Table::Remove(uint64_t hash, Position position) {
  const Slot slot = position.slot();
  index_.Remove(hash, position);
  Count(size_, -1);
  if (slot.expires()) Count(expiring_, -1);
  if (slot.value_expires()) Count(value_expiring_, -1);
  return slot.record();
}

void Table::AddReference(uint64_t hash, const Deadlines& deadlines, int64_t now_ms) {
  if (!wheel_) wheel_ = std::make_unique<TimingWheel>(now_ms);
  wheel_->Add(HashLow(hash), deadlines.NextMs());
  if (old_wheel_) {
    RefillWheel();
  } else if (wheel_->references() > this->deadlines() + StaleLimit()) {
    old_wheel_ = std::exchange(wheel_, std::make_unique<TimingWheel>(now_ms));
    refill_ = {};
  }
}

void Table::RefillWheel() {
  for (int i = 0; i < kRefillSteps; ++i) {
    const bool more = index_.Walk(&refill_, [this](Position position) {
      if (!position->has_deadline()) return;
      wheel_->Add(HashLow(index_.HashOf(position.slot())), position->deadlines().NextMs());
    });
    if (more) continue;
    if (lazy_free_ != nullptr) {
      lazy_free_->Submit(std::make_unique<WheelGarbage>(std::move(old_wheel_)));
    } else {
      old_wheel_.reset();
    }
    return;
  }
}

int64_t Table::NextDueMs() const {
  if (unfinished_) return INT64_MIN;
  int64_t next_ms = wheel_ ? wheel_->NextDueMs() : INT64_MAX;
  if (old_wheel_) next_ms = std::min(next_ms, old_wheel_->NextDueMs());
  return next_ms;
}

size_t Table::references() const {
  return (wheel_ ? wheel_->references() : 0) + (old_wheel_ ? old_wheel_->references() : 0) +
         (unfinished_ ? 1 : 0);
}

size_t Table::wheel_bytes() const {
  size_t bytes = 0;
  for (const auto* wheel : {wheel_.get(), old_wheel_.get()}) {
    if (wheel != nullptr) bytes += sizeof(TimingWheel) + wheel->allocated_bytes();
  }
  return bytes;
}

void Table::CheckInvariants() const {
  Require(index_.CheckInvariants() == size(), "table: the size is wrong");
  Require(index_.entries().stamps().under_way || index_.AllBroughtUp(), "table: stamps of an earlier round");
  size_t expiring = 0, value_expiring = 0;
  index_.ForEachBucket([&](const Bucket& bucket) {
    for (const Slot slot : bucket.slots) {
      expiring += slot.expires();
      value_expiring += slot.value_expires();
    }
  });
  Require(expiring == expiring_size(), "table: the number of expiring keys is wrong");
  Require(value_expiring == value_expiring_size(), "table: the number of values that expire is wrong");
  if (wheel_) wheel_->CheckInvariants();
  if (old_wheel_) old_wheel_->CheckInvariants();
  CheckReferences();
}

// A reference of the low half of a record's hash fires when the record is due, or earlier.
void Table::CheckReferences() const {
  std::unordered_map<uint32_t, int64_t> earliest_ms;
  for (const auto* wheel : {wheel_.get(), old_wheel_.get()}) {
    if (wheel == nullptr) continue;
    wheel->ForEach([&](uint32_t hash_low, int64_t fires_ms) {
      int64_t& earliest = earliest_ms.try_emplace(hash_low, fires_ms).first->second;
      earliest = std::min(earliest, fires_ms);
    });
  }
  if (unfinished_) earliest_ms[*unfinished_] = INT64_MIN;
  index_.ForEachBucket([&](const Bucket& bucket) {
    for (const Slot slot : bucket.slots) {
      if (slot.empty() || !slot.has_deadline()) continue;
      const auto found = earliest_ms.find(HashLow(index_.HashOf(slot)));
      Require(found != earliest_ms.end(), "table: a record with a deadline has no reference");
      const int64_t due_ms = slot.deadlines().NextMs();
      const bool in_time = found->second < due_ms || found->second - due_ms < TimingWheel::kTickMs ||
                           wheel_->IsOverdue(due_ms);
      Require(in_time, "table: a record is due before its reference fires");
    }
  });
}

}  // namespace corral::storage
