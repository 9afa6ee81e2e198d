#include "storage/eviction.h"

#include <doctest/doctest.h>

#include <cmath>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/table.h"

namespace corral::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

// A shard with one table, driven like the real one.
class Cache {
 public:
  Cache(EvictionPolicy policy, uint64_t limit, uint64_t seed)
      : policy_(policy),
        limit_(limit),
        random_(seed),
        recency_(kNowMs, CountsFrequency(policy) ? RecencyMode::kLfu : RecencyMode::kLru),
        table_(hasher_, recency_.translation(), nullptr) {
    recency_.SetEpochBytes(std::max<uint64_t>(limit / 64, 1));  // a key counts as one byte
  }

  // True when the key was there; else it is inserted, and one evicted if the limit is reached.
  bool Use(const std::string& name, int64_t expire_at_ms = kNoExpiry) {
    const Key key{name, hasher_(name)};
    if (Position position = table_.Find(key)) {
      position.stamp() = recency_.Touch(position.stamp(), kNowMs);
      Compact();
      return true;
    }
    if (table_.size() >= limit_) Evict();
    const uint8_t stamp = recency_.NewStamp(HashLow(key.hash), kNowMs);
    Record* record = Record::Create(name, Record::Value::Of("v", true, false), expire_at_ms);
    table_.Insert(key.hash, record, record->deadlines(), stamp, kNowMs);
    recency_.AddWritten(1);
    Compact();
    return false;
  }

  // The name of the victim, empty without one.
  std::string Evict() {
    const Position victim = table_.victims().Find(table_, policy_, recency_, random_);
    if (!victim) return {};
    Record* record = victim->record();
    std::string name(record->key());
    table_.Remove(table_.index().HashOf(victim.slot()), victim);
    Record::Destroy(record);
    return name;
  }

  const Table& table() const { return table_; }
  const RecencyClock& recency() const { return recency_; }

 private:
  void Compact() {
    if (!recency_.compaction_due()) return;
    recency_.BeginCompaction();
    for (uint32_t at = 0; table_.BringUpNext(&at);) {
    }
    recency_.EndTranslation();
  }

  EvictionPolicy policy_;
  uint64_t limit_;
  KeyHasher hasher_{7};
  Random random_;
  RecencyClock recency_;
  Table table_;
};

class ExactLru {
 public:
  explicit ExactLru(size_t limit) : limit_(limit) {}
  bool Use(const std::string& name) {
    if (const auto found = where_.find(name); found != where_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    if (where_.size() == limit_) {
      where_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(name);
    where_[name] = order_.begin();
    return false;
  }

 private:
  size_t limit_;
  std::list<std::string> order_;
  std::unordered_map<std::string, std::list<std::string>::iterator> where_;
};

// Keys whose popularity falls with their number, and now and then a scan of keys that never come again.
std::vector<std::string> SkewedTrace(uint64_t seed, size_t length, bool with_scans) {
  Random random(seed);
  std::vector<std::string> trace;
  int scan = 0;
  while (trace.size() < length) {
    trace.push_back("key:" +
                    std::to_string(static_cast<int>(std::exp(random.NextDouble() * std::log(50'000.0)))));
    if (!with_scans || trace.size() % 10'000 != 0) continue;
    for (int i = 0; i < 5000; ++i) trace.push_back("scan:" + std::to_string(scan++));
  }
  return trace;
}

template <class Cache>
double HitRatio(Cache& cache, const std::vector<std::string>& trace) {
  size_t hits = 0;
  for (const std::string& name : trace) hits += cache.Use(name);
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

TEST_CASE("names of policies are Redis's, in any case") {
  for (int i = 0; i < 8; ++i) {
    const auto policy = static_cast<EvictionPolicy>(i);
    EvictionPolicy parsed = EvictionPolicy::kNoEviction;
    CHECK(ParseEvictionPolicy(EvictionPolicyName(policy), &parsed));
    CHECK(parsed == policy);
  }
  EvictionPolicy policy = EvictionPolicy::kAllKeysLru;
  CHECK(EvictionPolicyName(policy) == "allkeys-lru");
  CHECK(ParseEvictionPolicy("Volatile-TTL", &policy));
  CHECK(policy == EvictionPolicy::kVolatileTtl);
  for (const char* wrong : {"", "lru", "allkeys-lru ", "volatile-tt", "volatile-ttll"}) {
    CHECK_FALSE(ParseEvictionPolicy(wrong, &policy));
  }
  CHECK(policy == EvictionPolicy::kVolatileTtl);
}

TEST_CASE("nothing is evicted without a policy or without a candidate") {
  Cache none(EvictionPolicy::kNoEviction, 100, 1);
  none.Use("a");
  CHECK(none.Evict().empty());
  for (auto policy : {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu,
                      EvictionPolicy::kVolatileRandom, EvictionPolicy::kVolatileTtl}) {
    Cache cache(policy, 100, 1);
    CHECK(cache.Evict().empty());
    cache.Use("a");
    CHECK(cache.Evict().empty());
  }
}

TEST_CASE("every policy empties a table, and the volatile ones only of their keys") {
  for (int i = 1; i < 8; ++i) {
    const auto policy = static_cast<EvictionPolicy>(i);
    CAPTURE(EvictionPolicyName(policy));
    Cache cache(policy, 100'000, 3);
    std::set<std::string> expected;
    for (int key = 0; key < 5000; ++key) {
      const std::string name = std::to_string(key);
      const bool expires = key % 50 == 0;
      cache.Use(name, expires ? kNowMs + 1'000'000 + key : kNoExpiry);
      if (expires || !OnlyVolatile(policy)) expected.insert(name);
    }
    for (std::string name = cache.Evict(); !name.empty(); name = cache.Evict())
      CHECK(expected.erase(name) == 1);
    CHECK(expected.empty());
    CHECK(cache.table().expiring_size() == 0);
    cache.table().CheckInvariants();
  }
}

TEST_CASE("volatile-ttl takes those that would go first anyway") {
  Cache cache(EvictionPolicy::kVolatileTtl, 100'000, 3);
  constexpr int kKeys = 20'000;
  for (int key = 0; key < kKeys; ++key) cache.Use(std::to_string(key), kNowMs + 1'000'000 + key);
  int worst = 0;
  for (int i = 0; i < kKeys / 4; ++i) worst = std::max(worst, std::stoi(cache.Evict()));
  CHECK(worst < kKeys / 2);
}

TEST_CASE("random policies take every key about equally often") {
  constexpr int kKeys = 2000;
  constexpr int kRounds = 20;
  int older_half = 0;
  for (uint64_t seed = 0; seed < kRounds; ++seed) {
    Cache cache(EvictionPolicy::kAllKeysRandom, 100'000, seed);
    for (int key = 0; key < kKeys; ++key) cache.Use(std::to_string(key));
    for (int i = 0; i < kKeys / 4; ++i) older_half += std::stoi(cache.Evict()) < kKeys / 2;
  }
  CHECK(std::abs(older_half - kRounds * kKeys / 8) < kRounds * kKeys / 80);
}

TEST_CASE("LRU is LRU: its hit ratio is that of the exact one, on skewed, scanned and looping traces") {
  constexpr size_t kLimit = 4000;
  std::vector<std::string> loop;
  for (int i = 0; i < 200'000; ++i) loop.push_back(std::to_string(i % 4400));
  for (const auto& trace : {SkewedTrace(11, 200'000, false), SkewedTrace(12, 200'000, true), loop}) {
    Cache cache(EvictionPolicy::kAllKeysLru, kLimit, 1);
    ExactLru exact(kLimit);
    CHECK(std::abs(HitRatio(cache, trace) - HitRatio(exact, trace)) < 0.003);
    cache.table().CheckInvariants();
    cache.recency().CheckInvariants();
  }
}

TEST_CASE("LFU is better than LRU on skewed, scanned and looping traces") {
  constexpr size_t kLimit = 4000;
  std::vector<std::string> loop;
  for (int i = 0; i < 200'000; ++i) loop.push_back(std::to_string(i % 4400));
  for (const auto& trace : {SkewedTrace(11, 200'000, false), SkewedTrace(12, 200'000, true), loop}) {
    Cache cache(EvictionPolicy::kAllKeysLfu, kLimit, 1);
    ExactLru exact(kLimit);
    CHECK(HitRatio(cache, trace) > HitRatio(exact, trace) + 0.01);
    cache.table().CheckInvariants();
    cache.recency().CheckInvariants();
  }
}

}  // namespace
}  // namespace corral::storage
