#include "storage/database.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "storage/base/scan_cursor.h"
#include "storage/keyspace.h"
#include "storage/open_value.h"
#include "storage/types/hash.h"

namespace corral::storage {

namespace {

// What a write counts in recency's epochs beside key and value: header and slot.
constexpr size_t kRecordOverhead = 16;
// Walk steps of one call of Scan that meets few live keys: Redis's ten for each key asked for, and not fewer
// than this.
constexpr size_t kMinScanSteps = 1000;
// Random picks before a walk takes the next key that it finds.
constexpr int kRandomPicks = 400;
constexpr int kRandomRounds = 100;

bool IsExpired(const Record& record, int64_t now_ms) {
  const int64_t expire_at_ms = record.expire_at_ms();
  return expire_at_ms != kNoExpiry && expire_at_ms < now_ms;
}

Lifetime LifetimeOf(const PutOptions& options) {
  Lifetime lifetime(options.expire_at_ms);
  lifetime.fresh_until_ms = options.fresh_until_ms;
  lifetime.cost_us = options.cost_us;
  return lifetime;
}

bool Live(Slot slot, int64_t now_ms) { return !slot.expires() || !IsExpired(*slot.record(), now_ms); }

}  // namespace

struct Database::Place {
  Shard& shard;
  Table* table;
  Position position;  // void: no such key

  explicit operator bool() const { return static_cast<bool>(position); }
  Record* record() const { return position->record(); }
};

Database::Database(Keyspace& keyspace, int index, int64_t now_ms, bool writes_touch)
    : keyspace_(&keyspace), index_(index), now_ms_(now_ms), writes_touch_(writes_touch) {}

inline Database::Place Database::Locate(const Key& key, Expired expired) const {
  Shard& shard = keyspace_->ShardFor(key.hash);
  Table* table = shard.table(index_);
  if (table == nullptr) return {shard, nullptr, {}};
  const Position position = table->Find(key);
  if (position && !Live(position.slot(), now_ms_)) [[unlikely]] {
    if (expired == Expired::kRemoved ||
        now_ms_ >= keyspace_->expiry_rests_until_ms_.load(std::memory_order_relaxed)) {
      keyspace_->Expire(shard, index_, *table, key.hash, position);
    }
    return {shard, table, {}};
  }
  return {shard, table, position};
}

// ---- Reading ----

const Record* Database::Find(const Key& key, bool touch) {
  const Place place = Locate(key, Expired::kMayStay);
  if (!place) {
    ++place.shard.counters.misses;
    return nullptr;
  }
  ++place.shard.counters.hits;
  if (touch) place.shard.Touch(*place.table, key.hash, place.position, now_ms_);
  return place.record();
}

const Record* Database::Peek(const Key& key) {
  const Place place = Locate(key, Expired::kMayStay);
  return place ? place.record() : nullptr;
}

const Record* Database::FindQuietly(const Key& key, bool touch) {
  const Place place = Locate(key, Expired::kMayStay);
  if (!place) return nullptr;
  if (touch) place.shard.Touch(*place.table, key.hash, place.position, now_ms_);
  return place.record();
}

int64_t Database::IdleSeconds(const Key& key) {
  const Place place = Locate(key, Expired::kMayStay);
  if (!place) return 0;
  return place.shard.recency.IdleSeconds(place.shard.Stamp(*place.table, key.hash, place.position), now_ms_);
}

int Database::Frequency(const Key& key) {
  const Place place = Locate(key, Expired::kMayStay);
  return place ? place.shard.recency.Frequency(place.shard.Stamp(*place.table, key.hash, place.position)) : 0;
}

void Database::SetIdleSeconds(const Key& key, int64_t idle_s) {
  const Place place = Locate(key);
  if (!place || place.shard.recency.mode() != RecencyMode::kLru) return;
  uint8_t& stamp = place.shard.Stamp(*place.table, key.hash, place.position);
  stamp = place.shard.recency.StampOfIdle(idle_s, now_ms_);
}

void Database::SetFrequency(const Key& key, int frequency) {
  const Place place = Locate(key);
  if (!place || place.shard.recency.mode() != RecencyMode::kLfu) return;
  uint8_t& stamp = place.shard.Stamp(*place.table, key.hash, place.position);
  stamp = place.shard.recency.StampOfFrequency(frequency);
}

// ---- Writing ----

inline void Database::Insert(const Key& key, Shard& shard, Record* record, const Deadlines& deadlines) {
  Table& table = keyspace_->TableFor(shard, index_);
  shard.Settle(table, key.hash);
  const uint8_t stamp = shard.recency.NewStamp(HashLow(key.hash), now_ms_);
  table.Insert(key.hash, record, deadlines, stamp, now_ms_);
  keyspace_->Created(index_, key);
}

bool Database::Store(const Key& key, Record::Value value, const PutOptions& options, Reclaim reclaim) {
  const Place place = Locate(key);
  Shard& shard = place.shard;
  if (!place) {
    Record* record = Record::Create(key.name, std::move(value), LifetimeOf(options));
    Insert(key, shard, record, record->deadlines());
    return true;
  }
  if (writes_touch_) shard.Touch(*place.table, key.hash, place.position, now_ms_);
  const Deadlines before = place.position->deadlines();
  Lifetime lifetime = LifetimeOf(options);
  if (options.keep_expiry) {
    lifetime = place.record()->lifetime();
    if (!lifetime.expires()) lifetime.expire_at_ms = options.expire_at_ms;
  }
  Remains old;
  Record* record = Record::Assign(place.record(), std::move(value), lifetime, &old);
  place.table->Update(key.hash, place.position, record, before, now_ms_);
  if (old) keyspace_->Dispose(std::move(old), reclaim);
  return false;
}

bool Database::PutString(const Key& key, std::string_view value, const PutOptions& options) {
  keyspace_->ShardFor(key.hash).recency.AddWritten(key.name.size() + value.size() + kRecordOverhead);
  return Store(key, Record::Value::Of(value, options.try_integer, options.raw), options, Reclaim::kNow);
}

bool Database::PutString(const Key& key, SharedBytes value, const PutOptions& options) {
  const size_t size = value ? value.size() : 0;
  keyspace_->ShardFor(key.hash).recency.AddWritten(key.name.size() + size + kRecordOverhead);
  return Store(key, Record::Value::Of(std::move(value), options.try_integer, options.raw), options,
               Reclaim::kNow);
}

bool Database::PutValue(const Key& key, DetachedValue&& value, const PutOptions& options, Reclaim reclaim) {
  Record::Value stored = value.packed() ? Record::Value::Of(value.form(), value.view())
                                        : Record::Value::Of(value.ReleaseObject());
  keyspace_->ShardFor(key.hash).recency.AddWritten(key.name.size() + stored.bytes() + kRecordOverhead);
  return Store(key, std::move(stored), options, reclaim);
}

char* Database::ResizeString(const Key& key, size_t size) {
  Place place = Locate(key);
  if (!place) {
    Store(key, Record::Value::Of(std::string_view(), false, true), {}, Reclaim::kNow);
    place.table = place.shard.table(index_);
    place.position = place.table->Find(key);
  } else if (writes_touch_) {
    place.shard.Touch(*place.table, key.hash, place.position, now_ms_);
  }
  const Record& old = *place.record();
  const size_t old_size = old.string_size();
  place.shard.recency.AddWritten(size > old_size ? size - old_size : kRecordOverhead);
  Record* record = Record::Resize(place.record(), size);
  place.table->Move(place.position, record);
  return record->text_data();
}

void Database::ExpireFields(const Key& key, OpenValue& hash, std::span<const std::string_view> fields,
                            size_t stride) {
  if (!IsOverdue(hash.value().next_deadline_ms(), now_ms_)) [[likely]]
    return;
  size_t dropped = 0;
  for (size_t i = 0; i < fields.size(); i += stride) {
    if (!DropIfDue(hash, fields[i], now_ms_)) continue;
    ++dropped;
    keyspace_->FieldExpired(index_, key, fields[i]);
  }
  if (dropped != 0) keyspace_->FieldsExpired(keyspace_->ShardFor(key.hash), index_, key, dropped, false);
}

bool Database::Erase(const Key& key, Reclaim reclaim) {
  const Place place = Locate(key);
  if (!place) return false;
  keyspace_->Dispose(place.table->Remove(key.hash, place.position), reclaim);
  return true;
}

Record* Database::Open(const Key& key) {
  const Place place = Locate(key);
  if (!place) return nullptr;
  if (writes_touch_) place.shard.Touch(*place.table, key.hash, place.position, now_ms_);
  return place.record();
}

Record* Database::Replace(const Key& key, Record::Value value) {
  const Place place = Locate(key);
  if (!place) {
    Record* record = Record::Create(key.name, std::move(value), {});
    Insert(key, place.shard, record, {});
    return record;
  }
  Remains old;
  Record* record = Record::Assign(place.record(), std::move(value), place.record()->lifetime(), &old);
  place.table->Move(place.position, record);
  if (old) keyspace_->Dispose(std::move(old), Reclaim::kNow);
  return record;
}

Record* Database::CreatePacked(const Key& key, PackedForm form, size_t size) {
  Record* record = Record::CreatePacked(key.name, form, size);
  Insert(key, keyspace_->ShardFor(key.hash), record, {});
  return record;
}

Record* Database::ResizePacked(const Key& key, Record* record, size_t size) {
  if (record->HasRoomFor(size)) return Record::ResizePacked(record, size);
  const Place place = Locate(key);
  Record* moved = Record::ResizePacked(record, size);
  place.table->Move(place.position, moved);
  return moved;
}

void Database::ValueDeadlineMoved(const Key& key, int64_t before_ms) {
  const Place place = Locate(key);
  const Deadlines before{.key_ms = place.record()->expire_at_ms(), .value_ms = before_ms};
  place.table->Update(key.hash, place.position, place.record(), before, now_ms_);
}

void Database::CountWritten(const Key& key, size_t bytes) {
  keyspace_->ShardFor(key.hash).recency.AddWritten(bytes + kRecordOverhead);
}

void Database::SetExpiry(const Key& key, int64_t expire_at_ms) {
  const Place place = Locate(key);
  if (!place) return;
  if (place.record()->expire_at_ms() == expire_at_ms) return;
  const Deadlines before = place.position->deadlines();
  Record* record = Record::SetExpiry(place.record(), expire_at_ms);
  place.table->Update(key.hash, place.position, record, before, now_ms_);
}

void Database::MakeStale(const Key& key) {
  const Place place = Locate(key);
  if (!place) return;
  Lifetime lifetime = place.record()->lifetime();
  if (lifetime.fresh_until_ms != kAlwaysFresh && lifetime.fresh_until_ms <= now_ms_) return;
  lifetime.fresh_until_ms = now_ms_;
  Record* record = Record::SetLifetime(place.record(), lifetime);
  place.table->Move(place.position, record);
}

void Database::Transfer(const Key& from, Database& target, const Key& to, bool keep_source, Reclaim reclaim) {
  const Place source = Locate(from);
  if (!source || (index_ == target.index_ && from.name == to.name)) return;
  const Lifetime lifetime = source.record()->lifetime();
  const PutOptions options{.expire_at_ms = lifetime.expire_at_ms,
                           .fresh_until_ms = lifetime.fresh_until_ms,
                           .cost_us = lifetime.cost_us};
  target.keyspace_->ShardFor(to.hash).recency.AddWritten(to.name.size() + kRecordOverhead);
  // A key that is replaced counts as a new one.
  Record::Value value =
      keep_source ? Record::Value::Of(*source.record()) : Record::Value::TakenFrom(source.record());
  if (!target.Store(to, std::move(value), options, reclaim)) {
    keyspace_->Created(target.index_, to);
  }
  if (!keep_source) Erase(from);
}

// ---- Iterating ----

uint64_t Database::Scan(uint64_t cursor, size_t count, const std::function<void(const Record&)>& visit) {
  const ScanCursor format(keyspace_->shard_count());
  uint32_t shard_index;
  WalkPosition at;
  format.Decode(cursor, &shard_index, &at);
  size_t steps = std::max(kMinScanSteps, count < SIZE_MAX / 10 ? count * 10 : count);
  size_t seen = 0;
  for (; shard_index < keyspace_->shard_count(); ++shard_index, at = {}) {
    if (seen >= count || steps == 0) return format.Encode(shard_index, at);
    ShardGuard guard(*keyspace_, shard_index);
    const Table* table = keyspace_->shards_[shard_index]->table(index_);
    bool more = table != nullptr;
    for (; more && seen < count && steps > 0; --steps) {
      more = table->index().Walk(&at, [&](Position position) {
        if (!Live(position.slot(), now_ms_)) return;
        ++seen;
        visit(*position->record());
      });
    }
    if (more) return format.Encode(shard_index, at);
  }
  return 0;
}

Database::ExpirySample Database::SampleExpiry(size_t most_keys) {
  ExpirySample sample;
  size_t met = 0;
  for (uint32_t i = 0; i < keyspace_->shard_count() && met < most_keys; ++i) {
    ShardGuard guard(*keyspace_, i);
    const Table* table = keyspace_->shards_[i]->table(index_);
    WalkPosition at;
    bool more = table != nullptr;
    // Empty buckets are steps, too.
    for (size_t steps = kMinScanSteps + most_keys; more && met < most_keys && steps > 0; --steps) {
      more = table->index().Walk(&at, [&](Position position) {
        ++met;
        if (position->expires()) ++(Live(position.slot(), now_ms_) ? sample.live : sample.stale);
      });
    }
  }
  return sample;
}

void Database::ForEach(const std::function<void(const Record&)>& visit) {
  for (const auto& shard : keyspace_->shards_) {
    const Table* table = shard->table(index_);
    if (table == nullptr) continue;
    table->index().ForEachBucket([&](const Bucket& bucket) {
      for (const Slot slot : bucket.slots) {
        if (!slot.empty() && Live(slot, now_ms_)) visit(*slot.record());
      }
    });
  }
}

// A key of the shard, every one as likely as every other. An expired one is removed.
bool Database::RandomKeyOf(Shard& shard, std::string* name) const {
  Table* table = shard.table(index_);
  if (table == nullptr || table->size() == 0) return false;
  Position position;
  for (int i = 0; i < kRandomPicks && !position; ++i) position = table->index().SlotAt(shard.random.Next());
  if (!position) {
    const uint64_t random = shard.random.Next();
    WalkPosition at{static_cast<uint32_t>(random), static_cast<uint32_t>(random >> 32) & 0xffff,
                    kMaxIndexDepth};
    while (!position) {
      if (!table->index().Walk(&at, [&](Position found) { position = found; })) at = {};
    }
  }
  if (Live(position.slot(), now_ms_)) {
    *name = position->record()->key();
    return true;
  }
  keyspace_->Expire(shard, index_, *table, table->index().HashOf(position.slot()), position);
  return false;
}

bool Database::RandomKey(std::string* name) {
  for (int round = 0; round < kRandomRounds; ++round) {
    const size_t total = size();
    if (total == 0) return false;
    Random random(keyspace_->NextRandom());
    size_t choice = random.Below(total);
    for (uint32_t i = 0; i < keyspace_->shard_count(); ++i) {
      ShardGuard guard(*keyspace_, i);
      Shard& shard = *keyspace_->shards_[i];
      const Table* table = shard.table(index_);
      const size_t keys = table != nullptr ? table->size() : 0;
      if (choice >= keys) {
        choice -= keys;
        continue;
      }
      if (RandomKeyOf(shard, name)) return true;
      break;
    }
  }
  // Nearly all keys are expired: any live one.
  bool found = false;
  uint64_t cursor = 0;
  do {
    cursor = Scan(cursor, 1, [&](const Record& record) {
      if (!found) *name = record.key();
      found = true;
    });
  } while (cursor != 0 && !found);
  return found;
}

size_t Database::SumOfTables(size_t (Table::*size)() const) const {
  size_t keys = 0;
  for (const auto& shard : keyspace_->shards_) {
    if (const Table* table = shard->table(index_)) keys += (table->*size)();
  }
  return keys;
}

size_t Database::size() const { return SumOfTables(&Table::size); }
size_t Database::expiring_size() const { return SumOfTables(&Table::expiring_size); }
size_t Database::value_expiring_size() const { return SumOfTables(&Table::value_expiring_size); }

}  // namespace corral::storage
