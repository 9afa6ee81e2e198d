// Tables: references in the wheel stay bounded whatever is done to expiries, and every key still goes in
// time.
#include "storage/table.h"

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

class Subject {
 public:
  explicit Subject(uint64_t seed = 1) : hasher_(seed), table(hasher_, stamps_, nullptr) {}

  Key MakeKey(std::string_view name) const { return {name, hasher_(name)}; }
  bool Has(const std::string& name) const { return static_cast<bool>(table.Find(MakeKey(name))); }
  void Insert(const std::string& name, int64_t expire_at_ms) {
    const Key key = MakeKey(name);
    Record* record =
        Record::Create(name, Record::Value::Of(std::string_view("v"), false, false), expire_at_ms);
    table.Insert(key.hash, record, 0, now_ms);
    NoteReferences();
  }
  void SetExpiry(const std::string& name, int64_t expire_at_ms) {
    const Key key = MakeKey(name);
    const Position position = table.Find(key);
    REQUIRE(position);
    const int64_t old_expiry_ms = position->record()->expire_at_ms();
    table.Update(key.hash, position, Record::SetExpiry(position->record(), expire_at_ms), old_expiry_ms,
                 now_ms);
    NoteReferences();
  }
  void Remove(const std::string& name) {
    const Key key = MakeKey(name);
    Record::Destroy(table.Remove(key.hash, table.Find(key)));
  }
  // Runs all that is due; returns the names that went.
  std::vector<std::string> RunDue() {
    std::vector<std::string> gone;
    const auto expire = [&](uint64_t hash, Position position) {
      Record* record = table.Remove(hash, position);
      gone.emplace_back(record->key());
      REQUIRE(record->expire_at_ms() < now_ms);
      Record::Destroy(record);
    };
    while (table.RunDue(now_ms, 64, expire)) {
    }
    return gone;
  }
  // Old and new wheel, while the one is filled from the other.
  void NoteReferences() {
    REQUIRE(table.references() <= 2 * (table.expiring_size() + table.StaleLimit()) + 64);
  }

 private:
  KeyHasher hasher_;
  StampTranslation stamps_;

 public:
  Table table;
  int64_t now_ms = kStartMs;
};

TEST_CASE("table: a deadline that moves later adds no reference") {
  Subject subject;
  subject.Insert("key", kStartMs + 100);
  for (int i = 1; i < 1000; ++i) subject.SetExpiry("key", kStartMs + 100 + i);
  CHECK(subject.table.references() == 1);
  subject.now_ms = kStartMs + 200;
  CHECK(subject.RunDue().empty());
  CHECK(subject.table.references() == 1);
  subject.now_ms = subject.table.NextDueMs();
  while (subject.now_ms < kStartMs + 1099) {
    CHECK(subject.RunDue().empty());
    subject.now_ms = subject.table.NextDueMs();
  }
  subject.now_ms = kStartMs + 1100 + TimingWheel::kTickMs;
  CHECK(subject.RunDue() == std::vector<std::string>{"key"});
  CHECK(subject.table.references() == 0);
  CHECK(subject.table.NextDueMs() == INT64_MAX);
}

TEST_CASE("table: a deadline that moves to the last there is is filed again") {
  Subject subject;
  subject.Insert("key", kStartMs + 100);
  subject.SetExpiry("key", INT64_MAX);
  subject.now_ms = kStartMs + 101 + TimingWheel::kTickMs;
  CHECK(subject.RunDue().empty());
  CHECK(subject.table.references() == 1);
}

TEST_CASE("table: loops over expiries do not let references grow") {
  for (const int others : {0, 20'000}) {
    Subject subject;
    for (int i = 0; i < others; ++i) subject.Insert("other:" + std::to_string(i), kNoExpiry);
    subject.Insert("key", kNoExpiry);
    constexpr int64_t kHourMs = 3'600'000;
    for (int i = 0; i < 100'000; ++i) {
      switch (i % 5) {
        case 0:
          subject.SetExpiry("key", subject.now_ms + 2 * kHourMs);
          break;
        case 1:
          subject.SetExpiry("key", subject.now_ms + kHourMs - i);
          break;
        case 2:
          subject.SetExpiry("key", kNoExpiry);
          break;
        case 3:
          subject.SetExpiry("key", subject.now_ms + kHourMs);
          break;
        default:
          subject.Remove("key");
          subject.Insert("key", subject.now_ms + 3 * kHourMs);
      }
      subject.now_ms += i % 3;
      if (i % 100 == 0) subject.RunDue();
    }
    subject.table.CheckInvariants();
    CHECK(subject.table.references() <= subject.table.expiring_size() + subject.table.StaleLimit() + 64);
    subject.SetExpiry("key", subject.now_ms + 5);
    subject.now_ms += 6 + TimingWheel::kTickMs;
    CHECK(subject.RunDue() == std::vector<std::string>{"key"});
  }
}

TEST_CASE("table: random expiries against a map; each key goes within a tick of its time") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  Subject subject(random.Next());
  std::unordered_map<std::string, int64_t> model;
  for (int step = 0; step < 200'000; ++step) {
    const std::string name = std::to_string(random.Below(3000));
    const int64_t expiry =
        random.Below(4) == 0 ? kNoExpiry
                             : subject.now_ms + static_cast<int64_t>(random.Below(1 + random.Below(40'000)));
    const auto found = model.find(name);
    if (found == model.end()) {
      subject.Insert(name, expiry);
      model[name] = expiry;
    } else if (random.Below(3) == 0) {
      subject.Remove(name);
      model.erase(found);
    } else {
      subject.SetExpiry(name, expiry);
      found->second = expiry;
    }
    if (random.Below(8) == 0) subject.now_ms += static_cast<int64_t>(random.Below(10));
    if (random.Below(20) != 0) continue;
    for (const std::string& gone : subject.RunDue()) {
      REQUIRE(model.contains(gone));
      model.erase(gone);
    }
    REQUIRE(subject.table.size() == model.size());
    if (step % 50 != 0) continue;
    for (const auto& [key, expire_at_ms] : model) {
      REQUIRE((expire_at_ms == kNoExpiry || expire_at_ms + 1 + TimingWheel::kTickMs > subject.now_ms));
      REQUIRE(subject.Has(key));
    }
    subject.table.CheckInvariants();
  }
}

TEST_CASE("table: keys whose hashes share their low half do not multiply their references") {
  Subject subject;
  std::unordered_map<uint32_t, std::string> names;
  std::string first, second;
  for (int i = 0; first.empty(); ++i) {
    const std::string name = std::to_string(i);
    const auto [found, is_new] = names.emplace(HashLow(subject.MakeKey(name).hash), name);
    if (!is_new) first = found->second, second = name;
  }
  subject.Insert(first, kStartMs + 1000);
  subject.Insert(second, kStartMs + 1000);
  // Sliding deadlines: each time the references fire, both keys live on.
  for (int round = 0; round < 40; ++round) {
    subject.SetExpiry(first, subject.now_ms + 1500);
    subject.SetExpiry(second, subject.now_ms + 1600);
    subject.now_ms += 1100;
    REQUIRE(subject.RunDue().empty());
    REQUIRE(subject.table.references() == 2);
    subject.table.CheckInvariants();
  }
  const int64_t last_write_ms = subject.now_ms - 1100;
  subject.now_ms = last_write_ms + 1501 + TimingWheel::kTickMs;
  CHECK(subject.RunDue() == std::vector<std::string>{first});
  subject.now_ms = last_write_ms + 1601 + TimingWheel::kTickMs;
  CHECK(subject.RunDue() == std::vector<std::string>{second});
}

TEST_CASE("table: a slice of due work is bounded by its references") {
  Subject subject;
  for (int i = 0; i < 1000; ++i) subject.Insert(std::to_string(i), kStartMs + 1);
  subject.now_ms += 100;
  int gone = 0;
  const auto expire = [&](uint64_t hash, Position position) {
    Record::Destroy(subject.table.Remove(hash, position));
    ++gone;
  };
  CHECK(subject.table.RunDue(subject.now_ms, 64, expire));
  CHECK(gone == 64);
  while (subject.table.RunDue(subject.now_ms, 64, expire)) {
  }
  CHECK(gone == 1000);
}

}  // namespace
}  // namespace corral::storage
