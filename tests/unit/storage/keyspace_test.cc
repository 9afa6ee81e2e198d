// The keyspace as a whole: expiry in turns, eviction, flushing, swapping, and threads.
#include "storage/keyspace.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/lazy_free.h"
#include "storage/lookahead.h"
#include "storage/memory_meter.h"
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
