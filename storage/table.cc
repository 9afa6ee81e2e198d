#include "storage/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
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

Position Table::Insert(uint64_t hash, Record* record, uint8_t stamp, int64_t now_ms) {
  const bool expires = record->expires();
  const Position position = index_.Insert(hash, Slot(record, static_cast<uint16_t>(hash), expires), stamp);
  Count(size_, 1);
  if (expires) {
    Count(expiring_, 1);
    AddReference(hash, record->expire_at_ms(), now_ms);
  }
  return position;
}

void Table::Update(uint64_t hash, Position position, Record* record, int64_t old_expiry_ms, int64_t now_ms) {
  const bool expires = record->expires();
  position.bucket->slots[position.index] = Slot(record, static_cast<uint16_t>(hash), expires);
  const bool expired_before = old_expiry_ms != kNoExpiry;
  if (!expires && !expired_before) [[likely]]
    return;
  if (expires != expired_before) Count(expiring_, expires ? 1 : -1);
  if (!expires) return;
  const int64_t expiry_ms = record->expire_at_ms();
  if (!expired_before || expiry_ms < old_expiry_ms) AddReference(hash, expiry_ms, now_ms);
}

Record* Table::Remove(uint64_t hash, Position position) {
  const Slot slot = position.slot();
  index_.Remove(hash, position);
  Count(size_, -1);
  if (slot.expires()) Count(expiring_, -1);
  return slot.record();
}

void Table::AddReference(uint64_t hash, int64_t expire_at_ms, int64_t now_ms) {
  if (!wheel_) wheel_ = std::make_unique<TimingWheel>(now_ms);
  wheel_->Add(HashLow(hash), FirstExpiredMs(expire_at_ms));
  if (old_wheel_) {
    RefillWheel();
  } else if (wheel_->references() > expiring_size() + StaleLimit()) {
    old_wheel_ = std::exchange(wheel_, std::make_unique<TimingWheel>(now_ms));
    refill_ = {};
  }
}

void Table::RefillWheel() {
  for (int i = 0; i < kRefillSteps; ++i) {
    const bool more = index_.Walk(&refill_, [this](Position position) {
      if (!position->expires()) return;
      wheel_->Add(HashLow(index_.HashOf(position.slot())),
                  FirstExpiredMs(position->record()->expire_at_ms()));
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
  int64_t next_ms = wheel_ ? wheel_->NextDueMs() : INT64_MAX;
  if (old_wheel_) next_ms = std::min(next_ms, old_wheel_->NextDueMs());
  return next_ms;
}

size_t Table::references() const {
  return (wheel_ ? wheel_->references() : 0) + (old_wheel_ ? old_wheel_->references() : 0);
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
  size_t expiring = 0;
  index_.ForEachBucket([&](const Bucket& bucket) {
    for (const Slot slot : bucket.slots) expiring += slot.expires();
  });
  Require(expiring == expiring_size(), "table: the number of expiring keys is wrong");
  Require(expiring <= references(), "table: an expiring key has no reference");
  if (wheel_) wheel_->CheckInvariants();
  if (old_wheel_) old_wheel_->CheckInvariants();
}

}  // namespace corral::storage
