// The hash index against std::unordered_map: contents, memory, walks and fairness while it grows and shrinks.
#include "storage/base/hash_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/base/random.h"
#include "storage/record_index.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

class Subject {
 public:
  explicit Subject(uint64_t seed) : hasher_(seed), index(RecordEntries(hasher_, stamps_)) {}

  Key MakeKey(std::string_view name) const { return {name, hasher_(name)}; }
  void Insert(const std::string& name) {
    const Key key = MakeKey(name);
    Record* record = Record::Create(name, Record::Value::Of(name, false, false), kNoExpiry);
    const Position position = index.Insert(key.hash, Slot(record, key.tag(), Deadlines()), 7);
    REQUIRE(position->record() == record);
  }
  bool Remove(const std::string& name) {
    const Key key = MakeKey(name);
    const Position position = index.Find(key);
    if (!position) return false;
    Record* record = position->record();
    index.Remove(key.hash, position);
    Record::Destroy(record);
    return true;
  }
  bool Has(const std::string& name) const { return static_cast<bool>(index.Find(MakeKey(name))); }

 private:
  KeyHasher hasher_;
  StampTranslation stamps_;

 public:
  RecordIndex index;
};

TEST_CASE("hash index: one bit for each matching tag") {
  Bucket bucket;
  for (int i = 0; i < Bucket::kSlots; ++i) {
    bucket.slots[i] = Slot(reinterpret_cast<Record*>(uintptr_t{0x1000} * static_cast<uintptr_t>(i + 1)),
                           static_cast<uint16_t>(i % 3 == 0 ? 0xffff : i),
                           {.key_ms = i % 2 == 0 ? 1 : kNoExpiry, .value_ms = i < 4 ? 1 : kNoExpiry});
  }
  for (uint8_t& stamp : bucket.stamps) stamp = 0xff;
  bucket.spills = 0xff;
  std::vector<int> found;
  for (unsigned matches = bucket.Matches(0xffff); matches != 0; matches &= matches - 1) {
    found.push_back(Bucket::SlotOf(matches));
  }
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<int>{0, 3, 6});
  CHECK(Bucket::SlotOf(bucket.Matches(5)) == 5);
  CHECK(bucket.Matches(3) == 0);
  CHECK(bucket.slots[4].record() == reinterpret_cast<Record*>(uintptr_t{0x5000}));
  CHECK(bucket.slots[4].expires());
  CHECK(!bucket.slots[5].expires());
  CHECK(bucket.slots[3].value_expires());
  CHECK(!bucket.slots[4].value_expires());
  CHECK(bucket.slots[3].has_deadline());
  CHECK(bucket.slots[4].has_deadline());
  CHECK(!bucket.slots[5].has_deadline());
  const Slot moved(reinterpret_cast<Record*>(uintptr_t{0x7770}), bucket.slots[3]);
  CHECK(moved.record() == reinterpret_cast<Record*>(uintptr_t{0x7770}));
  CHECK(moved.tag() == 0xffff);
  CHECK(!moved.expires());
  CHECK(moved.value_expires());
}

TEST_CASE("hash index: random inserts and removals against a set") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  Subject subject(random.Next());
  std::unordered_set<std::string> model;
  // Waves: the number of keys swings between nothing and some ten thousand.
  for (int wave = 0; wave < 8; ++wave) {
    const size_t range = 1 + random.Below(40'000);
    const uint64_t insert_bias = wave % 2 == 0 ? 80 : 15;
    for (int step = 0; step < 25'000; ++step) {
      const std::string name = "key:" + std::to_string(random.Below(range));
      if (random.Below(100) < insert_bias) {
        if (model.insert(name).second) subject.Insert(name);
      } else {
        REQUIRE(subject.Remove(name) == (model.erase(name) == 1));
      }
      if (step % 97 == 0) REQUIRE(subject.Has(name) == model.contains(name));
      if (step % 5000 == 0) REQUIRE(subject.index.CheckInvariants() == model.size());
    }
    for (size_t i = 0; i < range; ++i) {
      const std::string name = "key:" + std::to_string(i);
      REQUIRE(subject.Has(name) == model.contains(name));
    }
  }
  for (const std::string& name : model) REQUIRE(subject.Remove(name));
  CHECK(subject.index.CheckInvariants() == 0);
  CHECK(subject.index.allocated_bytes() < 2048);
}

TEST_CASE("hash index: bytes for each key stay near the budget at any count, growing and shrinking") {
  Subject subject(42);
  constexpr int kMost = 250'000;
  double least = 100;
  double most = 0;
  const auto note = [&](int keys) {
    if (keys < 20'000) return;
    const double bytes = static_cast<double>(subject.index.allocated_bytes()) / keys;
    least = std::min(least, bytes);
    most = std::max(most, bytes);
  };
  for (int i = 0; i < kMost; ++i) {
    subject.Insert("key:" + std::to_string(i));
    if (i % 100 == 0) note(i + 1);
  }
  MESSAGE("bytes for each key while growing: " << least << " to " << most);
  CHECK(most < 12.5);
  CHECK(most / least < 1.15);
  subject.index.CheckInvariants();
  most = 0;
  for (int i = kMost - 1; i >= 0; --i) {
    REQUIRE(subject.Remove("key:" + std::to_string(i)));
    if (i % 100 == 0) note(i);
  }
  MESSAGE("bytes for each key while shrinking: at most " << most);
  CHECK(most < 15.0);
}

TEST_CASE("hash index: tiny tables are small") {
  Subject subject(7);
  CHECK(subject.index.allocated_bytes() <= 128);
  for (int i = 0; i < 7; ++i) subject.Insert(std::to_string(i));
  CHECK(subject.index.allocated_bytes() <= 128);
  for (int i = 7; i < 100; ++i) subject.Insert(std::to_string(i));
  CHECK(subject.index.allocated_bytes() <= 100 * 13);
}

// Walks with `meanwhile` after every step; returns how often each key was seen.
template <class Meanwhile>
std::unordered_map<std::string, int> WalkAll(Subject& subject, Meanwhile&& meanwhile) {
  std::unordered_map<std::string, int> seen;
  WalkPosition at;
  while (subject.index.Walk(&at, [&](Position position) { ++seen[std::string(position->record()->key())]; }))
    meanwhile();
  return seen;
}

TEST_CASE("hash index: an undisturbed walk sees every key once") {
  Subject subject(3);
  for (int keys : {0, 1, 7, 8, 50, 400, 3000, 30'000}) {
    for (int i = 0; i < keys; ++i) {
      if (!subject.Has(std::to_string(i))) subject.Insert(std::to_string(i));
    }
    const auto seen = WalkAll(subject, [] {});
    CHECK(seen.size() == static_cast<size_t>(keys));
    CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& entry) { return entry.second == 1; }));
  }
}

TEST_CASE("hash index: a walk sees all that stays, while the index grows and shrinks") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 30; ++round) {
    Subject subject(random.Next());
    const int stay = static_cast<int>(random.Below(3000));
    const int filler = static_cast<int>(random.Below(12'000));
    for (int i = 0; i < stay; ++i) subject.Insert("stay:" + std::to_string(i));
    std::vector<std::string> others;
    int next = 0;
    const auto add = [&] {
      others.push_back("other:" + std::to_string(next++));
      subject.Insert(others.back());
    };
    const auto take = [&] {
      if (others.empty()) return;
      std::swap(others[random.Below(others.size())], others.back());
      subject.Remove(others.back());
      others.pop_back();
    };
    for (int i = 0; i < filler; ++i) add();
    const int mode = round % 3;  // growing, shrinking, both in waves
    const uint64_t pace = 1 + random.Below(40);
    const auto seen = WalkAll(subject, [&] {
      for (uint64_t i = 0; i < pace && next < 60'000; ++i) {
        const bool grow = mode == 0 || (mode == 2 && next / 4000 % 2 == 0);
        if (grow) {
          add();
        } else {
          take();
          if (mode == 2) ++next;
        }
      }
    });
    for (int i = 0; i < stay; ++i) REQUIRE(seen.contains("stay:" + std::to_string(i)));
    subject.index.CheckInvariants();
  }
}

TEST_CASE("hash index: any walk position is safe and ends") {
  Subject subject(5);
  for (int i = 0; i < 5000; ++i) subject.Insert(std::to_string(i));
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    WalkPosition at{static_cast<uint32_t>(random.Next()), static_cast<uint32_t>(random.Next()),
                    static_cast<uint8_t>(random.Below(kMaxIndexDepth + 1))};
    int steps = 0;
    while (subject.index.Walk(&at, [](Position) {})) ++steps;
    REQUIRE(steps < 5000);
  }
}

TEST_CASE("hash index: a hash's low half finds its records") {
  Subject subject(9);
  for (int i = 0; i < 20'000; ++i) subject.Insert(std::to_string(i));
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = std::to_string(i);
    bool found = false;
    subject.index.VisitHashLow(HashLow(subject.MakeKey(name).hash),
                               [&](Position position) { found |= position->record()->key() == name; });
    REQUIRE(found);
  }
}

TEST_CASE("hash index: slots are drawn fairly, however uneven the segments are") {
  for (const int keys : {5, 3000, 20'000}) {
    CAPTURE(keys);
    Subject subject(13);
    // Uneven: segments of one half of the hash space were emptied by three quarters.
    for (int i = 0; i < keys; ++i) subject.Insert(std::to_string(i));
    size_t left = 0;
    for (int i = 0; i < keys; ++i) {
      const std::string name = std::to_string(i);
      if ((subject.MakeKey(name).hash >> 16 & 1) != 0 && i % 4 != 0) {
        subject.Remove(name);
      } else {
        ++left;
      }
    }
    Random random(17);
    std::unordered_map<std::string, int> drawn;
    const int draws = static_cast<int>(left) * 50;
    for (int i = 0; i < draws;) {
      const Position position = subject.index.SlotAt(random.Next());
      if (!position) continue;
      ++drawn[std::string(position->record()->key())];
      ++i;
    }
    CHECK(drawn.size() == left);
    double chi_square = 0;
    for (const auto& [name, times] : drawn) chi_square += (times - 50.0) * (times - 50.0) / 50.0;
    // Of `left` - 1 degrees of freedom; five standard deviations.
    CHECK(chi_square < static_cast<double>(left) + 5 * std::sqrt(2.0 * static_cast<double>(left)));
  }
}

TEST_CASE("hash index: a slot in use is found soon, also when few of very many are left") {
  Subject subject(15);
  constexpr int kKeys = 30'000;
  for (int i = 0; i < kKeys; ++i) subject.Insert(std::to_string(i));
  Random random(19);
  for (int left = kKeys - 1; left > 0; --left) {
    subject.Remove(std::to_string(left));
    if (left > 100 && left % 300 != 0) continue;
    int tries = 0;
    for (int found = 0; found < 100; ++tries) found += static_cast<bool>(subject.index.SlotAt(random.Next()));
    REQUIRE(tries < 100 * 20);
  }
}

TEST_CASE("hash index: the places of a table hold each bucket") {
  for (int keys : {1, 30, 500, 5000}) {
    Subject subject(19);
    for (int i = 0; i < keys; ++i) subject.Insert(std::to_string(i));
    std::unordered_set<const Bucket*> buckets;
    for (size_t place = 0; place < subject.index.places(); ++place) {
      if (const Bucket* bucket = subject.index.BucketAt(place)) buckets.insert(bucket);
    }
    size_t used = 0;
    subject.index.ForEachBucket([&](const Bucket& bucket) {
      CHECK(buckets.contains(&bucket));
      used += static_cast<size_t>(std::popcount(bucket.Used()));
    });
    CHECK(used == static_cast<size_t>(keys));
  }
}

}  // namespace
}  // namespace corral::storage
