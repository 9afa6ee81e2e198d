#include "storage/shard.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;
// Buckets of one segment, at most.
constexpr size_t kSegmentBuckets = 128;

// A shard that is used as the keyspace uses it.
class Subject {
 public:
  explicit Subject(uint64_t seed) : hasher_(seed), shard(2, seed, kStartMs) {}

  Key MakeKey(const std::string& name) const { return {name, hasher_(name)}; }
  Table& table(int database) { return shard.MakeTable(database, hasher_, nullptr); }
  bool Has(int database, const std::string& name) {
    return static_cast<bool>(table(database).Find(MakeKey(name)));
  }
  void Insert(int database, const std::string& name) {
    const Key key = MakeKey(name);
    shard.Settle(table(database), key.hash);
    const uint8_t stamp = shard.recency.NewStamp(HashLow(key.hash), now_ms);
    Record* record = Record::Create(name, Record::Value::Of("v", false, true), kNoExpiry);
    table(database).Insert(key.hash, record, {}, stamp, now_ms);
  }
  void Remove(int database, const std::string& name) {
    const Key key = MakeKey(name);
    Record::Destroy(table(database).Remove(key.hash, table(database).Find(key)));
  }
  void Touch(int database, const std::string& name) {
    const Key key = MakeKey(name);
    shard.Touch(table(database), key.hash, table(database).Find(key), now_ms);
  }
  uint8_t Stamp(int database, const std::string& name) {
    const Key key = MakeKey(name);
    return shard.Stamp(table(database), key.hash, table(database).Find(key));
  }
  std::vector<std::vector<uint8_t>> Stamps() {
    std::vector<std::vector<uint8_t>> stamps;
    for (int database = 0; database < shard.databases(); ++database) {
      table(database).index().ForEachBucket(
          [&](const Bucket& bucket) { stamps.emplace_back(bucket.stamps, bucket.stamps + Bucket::kSlots); });
    }
    return stamps;
  }

 private:
  KeyHasher hasher_;

 public:
  Shard shard;
  int64_t now_ms = kStartMs;
};

size_t BucketsThatDiffer(const std::vector<std::vector<uint8_t>>& before,
                         const std::vector<std::vector<uint8_t>>& after) {
  REQUIRE(before.size() == after.size());
  size_t count = 0;
  for (size_t i = 0; i < before.size(); ++i) count += before[i] != after[i];
  return count;
}

// Forty segments whose keys carry the youngest stamp of all, which every translation changes.
void Fill(Subject& subject) {
  while (!subject.shard.recency.compaction_due()) {
    subject.now_ms += 1000;
    if (subject.table(0).size() == 0) subject.Insert(0, "first");
    subject.Touch(0, "first");
  }
  const uint8_t rank = subject.shard.recency.rank();
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = std::to_string(i);
    const Key key = subject.MakeKey(name);
    Record* record = Record::Create(name, Record::Value::Of("v", false, true), kNoExpiry);
    subject.table(i % 2).Insert(key.hash, record, {}, rank, subject.now_ms);
  }
}

TEST_CASE("shard: neither a use nor a step of the background translates more than it may") {
  Subject subject(1);
  Fill(subject);
  auto stamps = subject.Stamps();
  REQUIRE(stamps.size() > 20 * kSegmentBuckets);
  size_t most_of_use = 0, most_of_step = 0, steps = 0;
  const auto note = [&](size_t* most) {
    auto now = subject.Stamps();
    *most = std::max(*most, BucketsThatDiffer(stamps, now));
    stamps = std::move(now);
  };
  const auto translate = [&] {
    for (bool more = true; more;) {
      subject.Touch(0, std::to_string(2 * steps));
      note(&most_of_use);
      more = subject.shard.SettleSome();
      note(&most_of_step);
      ++steps;
    }
  };
  SUBCASE("when ranks run out") { translate(); }
  SUBCASE("when the policy changes") {
    subject.shard.RestartRecency(RecencyMode::kLfu, subject.now_ms);
    note(&most_of_step);
    CHECK(most_of_step == 0);
    translate();
    CHECK(subject.Stamp(0, "19998") == 0);
  }
  CHECK(most_of_use > 0);
  CHECK(most_of_use <= 2 * kSegmentBuckets);  // the key's own and one more
  CHECK(most_of_step > 0);
  CHECK(most_of_step <= kSegmentBuckets);
  CHECK(steps > 10);
  CHECK_FALSE(subject.shard.recency.unsettled());
  for (int database : {0, 1}) subject.table(database).CheckInvariants();
}

TEST_CASE("shard: an idle time is right while stamps are being translated") {
  Subject subject(1);
  Fill(subject);
  subject.Insert(0, "new");
  CHECK(subject.shard.recency.translation().under_way);
  CHECK(subject.shard.recency.IdleSeconds(subject.Stamp(0, "new"), subject.now_ms) == 0);
  CHECK(subject.shard.recency.IdleSeconds(subject.Stamp(1, "19999"), subject.now_ms) == 0);
  CHECK(subject.shard.recency.IdleSeconds(subject.Stamp(0, "0"), subject.now_ms + 7000) == 7);
  CHECK(subject.shard.recency.translation().under_way);
}

TEST_CASE("shard: a database that is swapped behind the translation is not forgotten") {
  Subject subject(1);
  Fill(subject);
  const size_t buckets = subject.Stamps().size();
  size_t steps = 0;
  for (; steps * kSegmentBuckets < buckets * 2 / 3; ++steps) REQUIRE(subject.shard.SettleSome());
  subject.shard.Swap(0, 1);
  while (subject.shard.SettleSome()) ++steps;
  CHECK(subject.Stamp(0, "19999") == subject.Stamp(1, "19998"));
  for (int database : {0, 1}) subject.table(database).CheckInvariants();
}

// Epochs of one use, so that there is a translation under way most of the time.
void RunModel(uint64_t seed, bool with_steps) {
  CAPTURE(seed);
  Random random(seed);
  Subject subject(random.Next());
  subject.shard.recency.SetEpochBytes(1);
  std::unordered_map<std::string, int> used[2];  // the number of the operation
  int least_used = 0;                            // what is older counts as equal
  bool growing = true;
  for (int i = 1; i <= 40'000; ++i) {
    if (i % 5000 == 0) growing = !growing;
    subject.shard.recency.AddWritten(1);
    subject.now_ms += static_cast<int64_t>(random.Below(3));
    const auto database = static_cast<int>(random.Below(2));
    const std::string name = std::to_string(random.Below(8000));
    if (!subject.Has(database, name)) {
      if (growing || random.Below(20) == 0) {
        subject.Insert(database, name);
        used[database][name] = i;
      }
    } else if (!growing && random.Below(8) != 0) {
      subject.Remove(database, name);
      used[database].erase(name);
    } else {
      subject.Touch(database, name);
      used[database][name] = i;
    }
    if (with_steps && random.Below(4) == 0) subject.shard.SettleSome();
    if (random.Below(2000) == 0) {
      subject.shard.Swap(0, 1);
      std::swap(used[0], used[1]);
    }
    if (random.Below(10'000) == 0) {
      subject.shard.RestartRecency(RecencyMode::kLru, subject.now_ms);
      least_used = i;
    }
    if (i % 500 != 0) continue;
    const std::string* before = nullptr;
    int order = 0;
    for (const auto& [key, use] : used[database]) {
      const int at = std::max(use, least_used);
      const int stamp = subject.Stamp(database, key);
      if (before != nullptr && at < order) REQUIRE(stamp <= subject.Stamp(database, *before));
      if (before != nullptr && at > order) REQUIRE(stamp >= subject.Stamp(database, *before));
      before = &key;
      order = at;
    }
    for (int each : {0, 1}) subject.table(each).CheckInvariants();
    subject.shard.recency.CheckInvariants();
  }
}

TEST_CASE("shard: no order of uses is turned round by a translation under way") {
  const uint64_t seed = TestSeed();
  RunModel(seed, true);
  RunModel(seed + 1, false);
}

}  // namespace
}  // namespace corral::storage
