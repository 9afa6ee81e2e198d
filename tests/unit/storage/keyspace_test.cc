// The keyspace as a whole: expiry in turns, eviction, flushing, swapping, and threads.
#include "storage/keyspace.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "storage/lazy_free.h"
#include "storage/lookahead.h"
#include "storage/memory_meter.h"
#include "storage/open_value.h"
#include "storage/types/hash.h"
#include "tests/unit/storage/keyspace_model.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// Each look at it takes ten microseconds, so that budgets end at a place that a test can know.
class TickingClock final : public Clock {
 public:
  int64_t unix_ms() const override { return kStartMs; }
  uint64_t monotonic_ns() const override { return now_ns_ += 10'000; }

 private:
  mutable uint64_t now_ns_ = 0;
};

void Fill(Keyspace& keyspace, int database, int from, int to, int64_t expire_at_ms = kNoExpiry,
          const std::string& value = "value") {
  for (int i = from; i < to; ++i) {
    const std::string name = "key:" + std::to_string(i);
    keyspace.database(database, kStartMs)
        .PutString(keyspace.MakeKey(name), value, {.expire_at_ms = expire_at_ms});
  }
}

TEST_CASE("keyspace: an unused database costs nothing") {
  Keyspace keyspace({.shards = 64}, nullptr, nullptr);
  CHECK(keyspace.TableBytes() == 0);
  CHECK(keyspace.database(3, kStartMs).Find(keyspace.MakeKey("key")) == nullptr);
  CHECK(keyspace.TableBytes() == 0);
  CHECK(keyspace.counters().misses == 1);
}

TEST_CASE("keyspace: due keys go within the budget, in turns that continue") {
  TickingClock clock;
  RecordingListener listener;
  Keyspace keyspace({.shards = 16, .seed = 5, .clock = &clock}, &listener, nullptr);
  constexpr int kKeys = 20'000;
  Fill(keyspace, 0, 0, kKeys, kStartMs + 10);
  CHECK(keyspace.ExpireDue(0, 1, kStartMs, 1000) > kStartMs);
  CHECK(listener.expired.empty());
  const int64_t later_ms = kStartMs + 100;
  int turns = 0;
  size_t before = 0;
  int64_t next_ms = later_ms;
  while (next_ms == later_ms) {
    const uint64_t stops = keyspace.counters().expiry_stops;
    next_ms = keyspace.ExpireDue(0, 1, later_ms, 200);
    CHECK((keyspace.counters().expiry_stops - stops == 1) == (next_ms == later_ms));
    ++turns;
    // 200 us are 20 looks at the clock, each after 32 references.
    REQUIRE(listener.expired.size() - before <= 21 * 32);
    before = listener.expired.size();
    REQUIRE(turns < 1000);
  }
  CHECK(turns >= kKeys / (21 * 32));
  CHECK(next_ms == INT64_MAX);
  CHECK(listener.expired.size() == kKeys);
  CHECK(keyspace.database(0, later_ms).size() == 0);
  CHECK(keyspace.counters().expire_cycle_us > 0);
  keyspace.CheckInvariants();
}

TEST_CASE("keyspace: workers run the due keys of their own shards only") {
  ManualClock clock(kStartMs);
  Keyspace keyspace({.shards = 16, .seed = 5, .clock = &clock}, nullptr, nullptr);
  Fill(keyspace, 0, 0, 1000, kStartMs + 10);
  const int64_t later_ms = kStartMs + 100;
  CHECK(keyspace.ExpireDue(0, 2, later_ms, 1'000'000) == INT64_MAX);
  const size_t left = keyspace.database(0, later_ms).size();
  CHECK(left > 0);
  CHECK(left < 1000);
  CHECK(keyspace.ExpireDue(1, 2, later_ms, 1'000'000) == INT64_MAX);
  CHECK(keyspace.database(0, later_ms).size() == 0);
}

TEST_CASE("keyspace: swap carries keys and expiries along, flush ends them") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  LazyFree lazy_free;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, &lazy_free);
  Fill(keyspace, 0, 0, 100);
  Fill(keyspace, 1, 0, 7, kStartMs + 10);
  keyspace.Swap(0, 1);
  keyspace.Swap(2, 2);
  CHECK(keyspace.database(0, kStartMs).size() == 7);
  CHECK(keyspace.database(0, kStartMs).expiring_size() == 7);
  CHECK(keyspace.database(1, kStartMs).size() == 100);
  keyspace.ExpireDue(0, 1, kStartMs + 100, 1'000'000);
  CHECK(listener.expired.size() == 7);
  CHECK(listener.expired[0].first == 0);
  CHECK(keyspace.Flush(1, Reclaim::kInBackground) == 100);
  CHECK(keyspace.database(1, kStartMs).size() == 0);
  CHECK(keyspace.Flush(1, Reclaim::kInBackground) == 0);
  lazy_free.Drain();
  CHECK(lazy_free.freed_objects() == 100);
  Fill(keyspace, 1, 0, 10);
  CHECK(keyspace.Flush(1, Reclaim::kNow) == 10);
  CHECK(lazy_free.freed_objects() == 100);
}

// Fields named by numbers; each so many-th (or none, for 0) stays, the others end at `end_ms`.
void FillHash(Keyspace& keyspace, int database, std::string_view name, int fields, int64_t end_ms,
              int stays_each = 0) {
  Database db = keyspace.database(database, kStartMs);
  OpenValue hash(db, keyspace.MakeKey(name));
  if (!hash.exists()) hash.Begin(PackedForm::kHash);
  for (int i = 0; i < fields; ++i) {
    const std::string field = std::to_string(i);
    SetField(hash, field, "value", {.packed_fields = 128, .packed_bytes = 64});
    if (stays_each == 0 || i % stays_each != 0) SetFieldExpiry(hash, field, end_ms);
  }
}

TEST_CASE("keyspace: fields of hashes end in time, and the key with the last one") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  FillHash(keyspace, 1, "small", 3, kStartMs + 10);
  FillHash(keyspace, 1, "large", 1000, kStartMs + 50, 2);
  FillHash(keyspace, 1, "stays", 3, kStartMs + 10, 1);
  const Database database = keyspace.database(1, kStartMs);
  CHECK(database.value_expiring_size() == 2);
  CHECK(database.expiring_size() == 0);
  keyspace.CheckInvariants();
  CHECK(keyspace.ExpireDue(0, 1, kStartMs + 10, 1'000'000) <= kStartMs + 11 + TimingWheel::kTickMs);
  CHECK(listener.expired_fields.empty());
  keyspace.ExpireDue(0, 1, kStartMs + 11 + TimingWheel::kTickMs, 1'000'000);
  CHECK(listener.expired_fields.size() == 3);
  CHECK(listener.shrunk == std::vector<std::pair<int, std::string>>{{1, "small gone"}});
  CHECK(database.value_expiring_size() == 1);
  keyspace.CheckInvariants();
  CHECK(keyspace.ExpireDue(0, 1, kStartMs + 51 + TimingWheel::kTickMs, 1'000'000) == INT64_MAX);
  CHECK(listener.expired_fields.size() == 503);
  CHECK(database.value_expiring_size() == 0);
  CHECK(database.size() == 2);
  CHECK(keyspace.counters().expired_fields == 503);
  CHECK(keyspace.counters().expired == 0);
  CHECK(listener.expired.empty());
  keyspace.CheckInvariants();
}

TEST_CASE(
    "keyspace: a hash of which many fields end at once goes within the budget, in turns that continue") {
  TickingClock clock;
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  constexpr int kFields = 20'000;
  FillHash(keyspace, 0, "hash", kFields, kStartMs + 10);
  const int64_t later_ms = kStartMs + 100;
  size_t before = 0;
  int turns = 0;
  int64_t next_ms = later_ms;
  while (next_ms <= later_ms) {
    next_ms = keyspace.ExpireDue(0, 1, later_ms, 200);
    ++turns;
    // 200 us are 20 looks at the clock, each after 32 steps.
    REQUIRE(listener.expired_fields.size() - before <= 21 * 32);
    before = listener.expired_fields.size();
    if (turns % 10 == 0) keyspace.CheckInvariants();
    REQUIRE(turns < 1000);
  }
  CHECK(listener.expired_fields.size() == kFields);
  CHECK(listener.shrunk.back() == std::pair<int, std::string>{0, "hash gone"});
  CHECK(keyspace.database(0, later_ms).size() == 0);
  keyspace.CheckInvariants();
}

TEST_CASE("keyspace: what moves a key moves the ends of its fields") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  Database database = keyspace.database(0, kStartMs), other = keyspace.database(1, kStartMs);
  const Key a = keyspace.MakeKey("a"), b = keyspace.MakeKey("b"), c = keyspace.MakeKey("c");
  for (const int fields : {3, 300}) {
    FillHash(keyspace, 0, "a", fields, kStartMs + 10);
    database.Transfer(a, database, b, true, Reclaim::kNow);   // COPY
    database.Transfer(b, other, b, false, Reclaim::kNow);     // MOVE
    database.Transfer(a, database, c, false, Reclaim::kNow);  // RENAME
    keyspace.Swap(0, 1);
    keyspace.CheckInvariants();
    CHECK(database.value_expiring_size() == 1);
    CHECK(other.value_expiring_size() == 1);
    // The end of the key and those of its fields do not disturb each other.
    database.SetExpiry(b, kStartMs + 5);
    CHECK(database.expiring_size() == 1);
    database.SetExpiry(b, kNoExpiry);
    database.SetExpiry(b, kStartMs + 100'000);
    keyspace.CheckInvariants();
    keyspace.ExpireDue(0, 1, kStartMs + 100 + fields, 1'000'000);  // each time behind the tick before
    CHECK(listener.expired_fields.size() == static_cast<size_t>(2 * fields));
    CHECK(database.size() + other.size() == 0);
    CHECK(database.value_expiring_size() + other.value_expiring_size() == 0);
    CHECK(database.expiring_size() == 0);
    listener.expired_fields.clear();
    keyspace.CheckInvariants();
  }
  CHECK(listener.expired.empty());
}

TEST_CASE("keyspace: a value that takes the place of a hash takes the ends of its fields away") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  Database database = keyspace.database(0, kStartMs);
  const Key key = keyspace.MakeKey("key");
  for (const int fields : {3, 300}) {
    FillHash(keyspace, 0, "key", fields, kStartMs + 10);
    CHECK(database.value_expiring_size() == 1);
    database.PutString(key, "text", {.keep_expiry = true});
    CHECK(database.value_expiring_size() == 0);
    CHECK(database.expiring_size() == 0);
    keyspace.CheckInvariants();
    database.Erase(key);
    FillHash(keyspace, 0, "key", fields, kStartMs + 10);
    {
      OpenValue hash(database, key);
      for (int i = 0; i < fields; ++i) SetFieldExpiry(hash, std::to_string(i), kNoExpiry);
    }
    CHECK(database.value_expiring_size() == 0);
    keyspace.CheckInvariants();
    database.Erase(key);
  }
  keyspace.ExpireDue(0, 1, kStartMs + 1000, 1'000'000);
  CHECK(listener.expired_fields.empty());
}

TEST_CASE("keyspace: while expiry rests no field goes") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  FillHash(keyspace, 0, "hash", 3, kStartMs + 10);
  keyspace.RestExpiry(kStartMs + 1000);
  CHECK(keyspace.ExpireDue(0, 1, kStartMs + 500, 1'000'000) == kStartMs + 1000);
  CHECK(listener.expired_fields.empty());
  keyspace.RestExpiry(0);
  keyspace.ExpireDue(0, 1, kStartMs + 500, 1'000'000);
  CHECK(listener.expired_fields.size() == 3);
}

TEST_CASE("keyspace: without a policy there is no room, expired keys aside") {
  ManualClock clock(kStartMs);
  Keyspace keyspace({.shards = 4, .clock = &clock}, nullptr, nullptr);
  Fill(keyspace, 0, 0, 1000);
  const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
  CHECK(keyspace.MakeRoom(used + 1'000'000, 1000, kStartMs));
  CHECK(!keyspace.MakeRoom(used / 2, 1000, kStartMs));
  CHECK(keyspace.database(0, kStartMs).size() == 1000);
  Fill(keyspace, 1, 0, 1000, kStartMs + 10);
  CHECK(!keyspace.MakeRoom(1, 0, kStartMs + 1000));
  CHECK(keyspace.database(1, kStartMs).size() == 0);
  CHECK(keyspace.counters().expired == 1000);
  CHECK(keyspace.counters().evicted == 0);
}

TEST_CASE("keyspace: every policy frees what it may until there is room") {
  for (const auto policy :
       {EvictionPolicy::kAllKeysLru, EvictionPolicy::kAllKeysLfu, EvictionPolicy::kAllKeysRandom,
        EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu, EvictionPolicy::kVolatileRandom,
        EvictionPolicy::kVolatileTtl}) {
    CAPTURE(EvictionPolicyName(policy));
    ManualClock clock(kStartMs);
    RecordingListener listener;
    Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
    keyspace.SetEvictionPolicy(policy);
    const std::string value(1000, 'v');
    Fill(keyspace, 0, 0, 2000, kNoExpiry, value);
    Fill(keyspace, 1, 2000, 4000, kStartMs + 1'000'000, value);
    listener.evicted.reserve(450);  // what it notes is no key's memory
    const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
    // A tenth of the values.
    CHECK(keyspace.MakeRoom(used - 400'000, 0, kStartMs));
    // But for what LFU remembers of evicted keys, in each shard.
    CHECK(static_cast<uint64_t>(MemoryMeter::UsedBytes()) <= used - 400'000 + 20'000);
    CHECK(keyspace.counters().evicted > 300);
    CHECK(keyspace.counters().evicted < 450);
    CHECK(listener.evicted.size() == keyspace.counters().evicted);
    const size_t volatile_gone = 2000 - keyspace.database(1, kStartMs).size();
    if (OnlyVolatile(policy)) {
      CHECK(volatile_gone == keyspace.counters().evicted);
      CHECK(!keyspace.MakeRoom(used - 3'000'000, 0, kStartMs));
      CHECK(keyspace.database(0, kStartMs).size() == 2000);
      CHECK(keyspace.database(1, kStartMs).size() == 0);
    } else {
      // Both databases give.
      CHECK(volatile_gone > 50);
      CHECK(volatile_gone < keyspace.counters().evicted - 50);
      CHECK(!keyspace.MakeRoom(1, 0, kStartMs));
      CHECK(keyspace.database(0, kStartMs).size() == 0);
    }
    keyspace.CheckInvariants();
  }
}

TEST_CASE("keyspace: a limit far below takes several calls, each with room for what it is asked") {
  struct SlowListener final : KeyspaceListener {
    explicit SlowListener(ManualClock& clock) : clock(clock) {}
    void OnExpired(int, const Key&) override {}
    void OnFieldExpired(int, const Key&, std::string_view) override {}
    void OnFieldsExpired(int, const Key&, bool) override {}
    void OnEvicted(int, const Key&) override {
      ++evicted;
      clock.Advance(1);
    }
    ManualClock& clock;
    size_t evicted = 0;
  };
  ManualClock clock(kStartMs);
  SlowListener listener(clock);
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  keyspace.SetEvictionPolicy(EvictionPolicy::kAllKeysLru);
  Fill(keyspace, 0, 0, 2000, kNoExpiry, std::string(1000, 'v'));
  const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
  CHECK(keyspace.MakeRoom(used / 2, 0, kStartMs));
  CHECK(listener.evicted == 16);
  CHECK(keyspace.MakeRoom(used / 2, 100'000, kStartMs));
  CHECK(listener.evicted > 16 + 90);
  CHECK(listener.evicted < 16 + 120);
}

TEST_CASE("keyspace: what was used lately stays under LRU, idle time tells") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace({.shards = 4, .clock = &clock}, &listener, nullptr);
  keyspace.SetEvictionPolicy(EvictionPolicy::kAllKeysLru);
  Fill(keyspace, 0, 0, 4000, kNoExpiry, std::string(500, 'v'));
  const int64_t later_ms = kStartMs + 60'000;
  Database database = keyspace.database(0, later_ms);
  for (int i = 0; i < 4000; i += 4)
    REQUIRE(database.Find(keyspace.MakeKey("key:" + std::to_string(i))) != nullptr);
  CHECK(database.IdleSeconds(keyspace.MakeKey("key:0")) == 0);
  CHECK(database.IdleSeconds(keyspace.MakeKey("key:1")) >= 50);
  const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
  REQUIRE(keyspace.MakeRoom(used - 1'000'000, 0, later_ms));
  size_t kept = 0;
  for (int i = 0; i < 4000; i += 4)
    kept += database.Peek(keyspace.MakeKey("key:" + std::to_string(i))) != nullptr;
  CHECK(kept == 1000);
}

TEST_CASE("keyspace: threads write, read, scan, expire and evict at once") {
  RecordingListener* no_listener = nullptr;
  LazyFree lazy_free;
  Keyspace keyspace({.databases = 2, .shards = 16, .concurrent = true, .seed = 3}, no_listener, &lazy_free);
  keyspace.SetEvictionPolicy(EvictionPolicy::kAllKeysLru);
  constexpr int kThreads = 4;
  constexpr int kSteps = 30'000;
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(static_cast<uint64_t>(thread));
      Lookahead lookahead(keyspace);
      for (int step = 0; step < kSteps; ++step) {
        const int64_t now_ms = kStartMs + step / 10;
        Database database = keyspace.database(static_cast<int>(random.Below(2)), now_ms);
        const std::string name = "key:" + std::to_string(random.Below(5000));
        const Key key = keyspace.MakeKey(name);
        lookahead.Clear();
        for (int ahead = 0; ahead < 20; ++ahead)
          lookahead.Add(ahead % 2, keyspace.MakeKey("key:" + std::to_string((step + ahead) % 5000)).hash);
        lookahead.Add(database.index(), key.hash);
        lookahead.Run();
        const uint32_t shard = keyspace.ShardOf(key.hash);
        keyspace.Lock(shard);
        switch (random.Below(4)) {
          case 0:
            database.PutString(key, name, {.expire_at_ms = now_ms + 500});
            break;
          case 1:
            database.PutString(key, name);
            break;
          case 2:
            database.Erase(key);
            break;
          default:
            if (const Record* record = database.Find(key)) {
              IntegerText scratch;
              if (record->String(scratch) != name) ++wrong;
            }
        }
        keyspace.Unlock(shard);
        if (step % 500 == 0) {
          keyspace.ExpireDue(static_cast<uint32_t>(thread), kThreads, now_ms, 500);
          uint64_t cursor = random.Next();
          for (int i = 0; i < 3; ++i) {
            cursor = database.Scan(cursor, 20, [&](const Record& record) {
              IntegerText scratch;
              if (record.String(scratch) != record.key()) ++wrong;
            });
          }
          std::string any;
          database.RandomKey(&any);
          if (database.size() > 10'000) ++wrong;
        }
        if (step % 1000 == 0) {
          MemoryMeter::Publish();
          keyspace.MakeRoom(static_cast<uint64_t>(std::max<int64_t>(MemoryMeter::UsedBytes() - 1000, 1)), 0,
                            now_ms);
        }
      }
      MemoryMeter::Publish();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  keyspace.CheckInvariants();
}

TEST_CASE("keyspace: huge values are freed in the background, and counted where that was asked for") {
  LazyFree lazy_free;
  Keyspace keyspace({}, nullptr, &lazy_free);
  const Key key = keyspace.MakeKey("key");
  Database database = keyspace.database(0, kStartMs);
  const auto value = [](char letter) {
    return SharedBytes::CopyOf(std::string(LazyFree::kSlowBytes, letter));
  };
  database.PutString(key, value('a'));
  database.PutString(key, value('b'));
  IntegerText scratch;
  CHECK(database.Find(key)->String(scratch) == value('b').view());
  CHECK(database.Erase(key, Reclaim::kNow));
  lazy_free.Drain();
  CHECK(lazy_free.freed_objects() == 0);
  database.PutString(key, value('c'));
  CHECK(database.Erase(key, Reclaim::kInBackground));
  lazy_free.Drain();
  CHECK(lazy_free.freed_objects() == 1);
  keyspace.CheckInvariants();
}

}  // namespace
}  // namespace corral::storage
