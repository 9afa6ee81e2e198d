#include "storage/keyspace.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "storage/base/invariant.h"
#include "storage/lazy_free.h"
#include "storage/memory_meter.h"
#include "storage/open_value.h"
#include "storage/types/hash.h"

namespace corral::storage {

namespace {

// References run, and fields dropped, between two looks at the clock, with the lock held.
constexpr size_t kExpireSlice = 32;
// Expired keys and fields that a write without room removes before it looks for a victim.
constexpr size_t kExpireBeforeEviction = 16;
// Cuts maxmemory into epochs of recency.
constexpr uint64_t kEpochs = 64;
// Smaller buffers are cheaper to free than to hand over.
constexpr size_t kBackgroundBytes = 64 * 1024;

// The same for objects, by allocations: Redis's bound.
constexpr size_t kBackgroundEffort = 64;
// From here on destroying an object takes longer than a command may, whoever asked for it.
constexpr size_t kSlowEffort = 16 * 1024;

const Clock* SystemTime() {
  static const SystemClock clock;
  return &clock;
}

uint64_t Microseconds(uint64_t from_ns, uint64_t to_ns) { return (to_ns - from_ns) / 1000; }

struct ObjectGarbage final : Garbage {
  ObjectGarbage(std::unique_ptr<Object> dropped, size_t counted)
      : object(std::move(dropped)), count(counted) {}
  size_t objects() const override { return count; }
  std::unique_ptr<Object> object;
  size_t count;
};

struct TableGarbage final : Garbage {
  size_t objects() const override {
    size_t keys = 0;
    for (const auto& table : tables) keys += table->size();
    return keys;
  }
  std::vector<std::unique_ptr<Table>> tables;
};

}  // namespace

Keyspace::Keyspace(const KeyspaceOptions& options, KeyspaceListener* listener, LazyFree* lazy_free)
    : hasher_(options.seed),
      listener_(listener),
      lazy_free_(lazy_free),
      clock_(options.clock != nullptr ? options.clock : SystemTime()),
      databases_(options.databases),
      concurrent_(options.concurrent),
      shard_mask_(options.shards - 1),
      random_(options.seed) {
  Random seeds(options.seed);
  for (uint32_t i = 0; i < options.shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(databases_, seeds.Next(), clock_->unix_ms()));
  }
}

Keyspace::~Keyspace() = default;

uint64_t Keyspace::NextRandom() { return Random(random_.fetch_add(1, std::memory_order_relaxed)).Next(); }

// ---- Giving back ----

void Keyspace::Dispose(Remains remains, Reclaim reclaim) {
  if (!remains || lazy_free_ == nullptr) return;
  if (remains.object != nullptr) {
    const size_t effort = remains.object->effort_to_free();
    const bool wanted = reclaim == Reclaim::kInBackground && effort > kBackgroundEffort;
    if (wanted || effort >= kSlowEffort) {
      lazy_free_->Submit(std::make_unique<ObjectGarbage>(std::move(remains.object), wanted ? 1 : 0));
    }
  } else if (reclaim == Reclaim::kNow) {
    lazy_free_->Discard(std::move(remains.large));
  } else if (remains.large.capacity() >= kBackgroundBytes) {
    lazy_free_->Submit(std::move(remains.large), 1);
  }
}

void Keyspace::Dispose(Record* record, Reclaim reclaim) {
  if (record->has_remains()) [[unlikely]]
    Dispose(record->TakeRemains(), reclaim);
  Record::Destroy(record);
}

// ---- The whole world ----

size_t Keyspace::Flush(int database, Reclaim reclaim) {
  auto garbage = std::make_unique<TableGarbage>();
  for (auto& shard : shards_) {
    if (auto table = shard->TakeTable(database)) garbage->tables.push_back(std::move(table));
  }
  const size_t keys = garbage->objects();
  if (reclaim == Reclaim::kInBackground && lazy_free_ != nullptr && keys != 0) {
    lazy_free_->Submit(std::move(garbage));
  }
  return keys;
}

void Keyspace::Swap(int database, int other) {
  if (database == other) return;
  for (auto& shard : shards_) shard->Swap(database, other);
}

KeyspaceCounters Keyspace::counters() const {
  KeyspaceCounters sum;
  for (const auto& shard : shards_) {
    sum.hits += shard->counters.hits;
    sum.misses += shard->counters.misses;
    sum.expired += shard->counters.expired;
    sum.expired_fields += shard->counters.expired_fields;
    sum.evicted += shard->counters.evicted;
  }
  sum.expire_cycle_us = expire_cycle_us_.load(std::memory_order_relaxed);
  sum.expiry_stops = expiry_stops_.load(std::memory_order_relaxed);
  sum.eviction_us = eviction_us_.load(std::memory_order_relaxed);
  return sum;
}

void Keyspace::ResetCounters() {
  for (auto& shard : shards_) shard->counters = {};
  expire_cycle_us_.store(0, std::memory_order_relaxed);
  eviction_us_.store(0, std::memory_order_relaxed);
  expiry_stops_.store(0, std::memory_order_relaxed);
}

void Keyspace::SetEvictionPolicy(EvictionPolicy policy) {
  policy_.store(policy, std::memory_order_relaxed);
  const RecencyMode mode = CountsFrequency(policy) ? RecencyMode::kLfu : RecencyMode::kLru;
  for (auto& shard : shards_) {
    if (shard->recency.mode() != mode) shard->RestartRecency(mode, clock_->unix_ms());
  }
}

size_t Keyspace::TableBytes() {
  size_t bytes = 0;
  for (int database = 0; database < databases_; ++database) {
    const TableSizes sizes = SizesOf(database);
    bytes += sizes.index_bytes + sizes.wheel_bytes;
  }
  return bytes;
}

Keyspace::TableSizes Keyspace::SizesOf(int database) {
  TableSizes sizes;
  for (uint32_t i = 0; i < shard_count(); ++i) {
    ShardGuard guard(*this, i);
    const Table* table = shards_[i]->table(database);
    if (table == nullptr) continue;
    sizes.wheel_bytes += table->wheel_bytes();
    sizes.index_bytes += table->allocated_bytes() - table->wheel_bytes();
  }
  return sizes;
}

void Keyspace::CheckInvariants() const {
  for (uint32_t i = 0; i < shard_count(); ++i) {
    const Shard& shard = *shards_[i];
    shard.recency.CheckInvariants();
    for (int database = 0; database < databases_; ++database) {
      const Table* table = shard.table(database);
      if (table == nullptr) continue;
      table->CheckInvariants();
      table->index().ForEachBucket([&](const Bucket& bucket) {
        for (const Slot slot : bucket.slots) {
          if (slot.empty()) continue;
          Require(ShardOf(hasher_(slot.record()->key())) == i, "keyspace: a key lies in a foreign shard");
        }
      });
    }
  }
}

// ---- Expiry ----

void Keyspace::Expire(Shard& shard, int database, Table& table, uint64_t hash, Position position) {
  Record* record = table.Remove(hash, position);
  ++shard.counters.expired;
  if (listener_ != nullptr) listener_->OnExpired(database, {record->key(), hash});
  Dispose(record, Reclaim::kInBackground);
}

size_t Keyspace::DropDue(Shard& shard, int database, uint64_t hash, Position position, int64_t now_ms,
                         size_t most) {
  // The record, and its key with it, may move or go meanwhile.
  const std::string name(position->record()->key());
  const Key key{name, hash};
  Database opened(*this, database, now_ms, /*writes_touch=*/false);
  OpenValue value(opened, key);
  const size_t dropped =
      DropDueFields(value, now_ms, most, [&](std::string_view field) { FieldExpired(database, key, field); });
  FieldsExpired(shard, database, key, dropped, value.Close());
  return dropped;
}

struct Keyspace::DueSlice {
  bool worked = false;
  bool more = false;
  int64_t next_ms = INT64_MAX;  // without `more`: when there is work again
};

// A slice of the due work of each table of the shard.
Keyspace::DueSlice Keyspace::RunDue(Shard& shard, int64_t now_ms, size_t max_steps) {
  DueSlice slice;
  for (int database = 0; database < databases_; ++database) {
    Table* table = shard.table(database);
    if (table == nullptr) continue;
    int64_t due_ms = table->NextDueMs();
    if (due_ms <= now_ms) {
      const auto expire = [&](uint64_t hash, Position position) {
        Expire(shard, database, *table, hash, position);
      };
      const auto drop = [&](uint64_t hash, Position position, size_t most) {
        return DropDue(shard, database, hash, position, now_ms, most);
      };
      slice.worked = true;
      slice.more |= table->RunDue(now_ms, max_steps, expire, drop);
      due_ms = table->NextDueMs();
    }
    slice.next_ms = std::min(slice.next_ms, due_ms);
  }
  return slice;
}

int64_t Keyspace::ExpireDue(uint32_t first, uint32_t step, int64_t now_ms, int64_t budget_us) {
  if (first >= shard_count()) return INT64_MAX;
  const int64_t rests_until_ms = expiry_rests_until_ms_.load(std::memory_order_relaxed);
  if (now_ms < rests_until_ms) return rests_until_ms;
  const uint64_t start_ns = clock_->monotonic_ns();
  uint64_t spent_us = 0;
  const uint32_t mine = (shard_count() - first + step - 1) / step;
  std::atomic<uint32_t>& resume = shards_[first]->expire_resume;
  const uint32_t offset = resume.load(std::memory_order_relaxed) % mine;
  int64_t next_ms = INT64_MAX;
  for (uint32_t i = 0; i < mine;) {
    const uint32_t at = (offset + i) % mine;
    DueSlice slice;
    {
      ShardGuard guard(*this, first + at * step);
      Shard& shard = *shards_[first + at * step];
      slice = RunDue(shard, now_ms, kExpireSlice);
      if (shard.recency.unsettled()) [[unlikely]] {
        slice.worked = true;
        slice.more |= shard.SettleSome();
      }
    }
    if (slice.worked) spent_us = Microseconds(start_ns, clock_->monotonic_ns());
    if (!slice.more) {
      next_ms = std::min(next_ms, slice.next_ms);
      ++i;
    }
    if (spent_us < static_cast<uint64_t>(budget_us)) continue;
    // The next turn begins behind this shard: none waits for another's backlog.
    resume.store((at + 1) % mine, std::memory_order_relaxed);
    if (i < mine) {
      next_ms = now_ms;
      expiry_stops_.fetch_add(1, std::memory_order_relaxed);
    }
    break;
  }
  if (spent_us != 0) expire_cycle_us_.fetch_add(spent_us, std::memory_order_relaxed);
  return next_ms;
}

// ---- Eviction ----

Keyspace::Freed Keyspace::EvictOne(Shard& shard, EvictionPolicy policy, int64_t now_ms) {
  const uint64_t ended_before = shard.counters.ended();
  const uint64_t freed_before = MemoryMeter::FreedByThread();
  RunDue(shard, now_ms, kExpireBeforeEviction);
  if (shard.counters.ended() != ended_before) return {true, MemoryMeter::FreedByThread() - freed_before};
  if (policy == EvictionPolicy::kNoEviction) return {};

  const auto candidates = [&](const Table& table) {
    return OnlyVolatile(policy) ? table.expiring_size() : table.size();
  };
  size_t total = 0;
  for (int database = 0; database < databases_; ++database) {
    if (const Table* table = shard.table(database)) total += candidates(*table);
  }
  if (total == 0) return {};
  size_t choice = shard.random.Below(total);
  for (int database = 0; database < databases_; ++database) {
    Table* table = shard.table(database);
    if (table == nullptr) continue;
    if (choice >= candidates(*table)) {
      choice -= candidates(*table);
      continue;
    }
    const Position victim = table->victims().Find(*table, policy, shard.recency, shard.random);
    if (!victim) return {};
    const uint64_t hash = table->index().HashOf(victim.slot());
    Record* record = table->Remove(hash, victim);
    ++shard.counters.evicted;
    if (listener_ != nullptr) listener_->OnEvicted(database, {record->key(), hash});
    const uint64_t bytes = record->allocated_bytes();
    // At once, whatever its size: while the memory is not back, the next write would evict more.
    Record::Destroy(record);
    return {true, bytes};
  }
  return {};
}

bool Keyspace::MakeRoom(uint64_t maxmemory_bytes, uint64_t need_bytes, int64_t now_ms) {
  const auto wanted_bytes = [&] {
    return static_cast<uint64_t>(std::max<int64_t>(MemoryMeter::UsedBytes(), 0)) + need_bytes;
  };
  const auto fits = [&] { return wanted_bytes() <= maxmemory_bytes; };
  const uint64_t wanted = wanted_bytes();
  if (wanted <= maxmemory_bytes) return true;
  // Telling connections of what goes takes memory as well: it must not make more keys go, which would have to
  // be told, and so on to the last key. What goes is therefore counted by its own size, too.
  const uint64_t excess_bytes = wanted - maxmemory_bytes;
  uint64_t freed_bytes = 0;
  const uint64_t start_ns = clock_->monotonic_ns();
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  const uint64_t epoch_bytes = std::max<uint64_t>(maxmemory_bytes / kEpochs / shard_count(), 1);
  constexpr uint32_t kVictimsPerLook = 16;  // at the clock
  uint32_t failures = 0, victims = 0;
  bool room = false;
  while (!room && failures < shard_count()) {
    const uint32_t at = evict_next_.fetch_add(1, std::memory_order_relaxed) & shard_mask_;
    Shard& shard = *shards_[at];
    ShardGuard guard(*this, at);
    if (shard.epoch_bytes != epoch_bytes) shard.recency.SetEpochBytes(shard.epoch_bytes = epoch_bytes);
    const Freed freed = EvictOne(shard, policy, now_ms);
    failures = freed.any ? 0 : failures + 1;
    freed_bytes += freed.bytes;
    room = freed_bytes >= excess_bytes || fits();
    if (!room && freed.any && ++victims % kVictimsPerLook == 0 && freed_bytes >= need_bytes) {
      room = Microseconds(start_ns, clock_->monotonic_ns()) >= kEvictionBudgetUs;
    }
  }
  eviction_us_.fetch_add(Microseconds(start_ns, clock_->monotonic_ns()), std::memory_order_relaxed);
  return room;
}

}  // namespace corral::storage
