// Tables: references in the wheel stay bounded whatever is done to expiries, and every key, and every part of
// a value, still goes in time.
#include "storage/table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// A value whose parts end at these times.
class Ending final : public Object {
 public:
  explicit Ending(std::multiset<int64_t> ends) : ends_ms(std::move(ends)) {}

  ValueType type() const override { return ValueType::kHash; }
  Encoding encoding() const override { return Encoding::kHashtable; }
  size_t size() const override { return ends_ms.size(); }
  size_t allocated_bytes() const override { return sizeof(Ending); }
  size_t effort_to_free() const override { return 1; }
  int64_t next_deadline_ms() const override { return ends_ms.empty() ? kNoExpiry : *ends_ms.begin(); }
  std::unique_ptr<Object> Clone() const override { return std::make_unique<Ending>(ends_ms); }
  void Save(ValueSink&) const override {}

  std::multiset<int64_t> ends_ms;
};

class Subject {
 public:
  explicit Subject(uint64_t seed = 1) : hasher_(seed), table(hasher_, stamps_, nullptr) {}

  Key MakeKey(std::string_view name) const { return {name, hasher_(name)}; }
  bool Has(const std::string& name) const { return static_cast<bool>(table.Find(MakeKey(name))); }
  void Insert(const std::string& name, int64_t expire_at_ms) {
    InsertRecord(name,
                 Record::Create(name, Record::Value::Of(std::string_view("v"), false, false), expire_at_ms));
  }
  void InsertEnding(const std::string& name, std::multiset<int64_t> ends_ms,
                    int64_t expire_at_ms = kNoExpiry) {
    auto value = std::make_unique<Ending>(std::move(ends_ms));
    InsertRecord(name, Record::Create(name, Record::Value::Of(std::move(value)), expire_at_ms));
  }
  void SetExpiry(const std::string& name, int64_t expire_at_ms) {
    const Key key = MakeKey(name);
    const Position position = table.Find(key);
    REQUIRE(position);
    const Deadlines before = position->record()->deadlines();
    table.Update(key.hash, position, Record::SetExpiry(position->record(), expire_at_ms), before, now_ms);
    NoteReferences();
  }
  // change(std::multiset<int64_t>&) the times at which the parts of a value end.
  template <class Change>
  void ChangeEnds(const std::string& name, Change&& change) {
    const Key key = MakeKey(name);
    ChangeEnds(key.hash, table.Find(key), change);
    NoteReferences();
  }
  const std::multiset<int64_t>& EndsOf(const std::string& name) {
    return static_cast<Ending*>(table.Find(MakeKey(name))->record()->object())->ends_ms;
  }
  void Remove(const std::string& name) {
    const Key key = MakeKey(name);
    Record::Destroy(table.Remove(key.hash, table.Find(key)));
  }
  // Runs all that is due; returns the names that went.
  std::vector<std::string> RunDue() {
    std::vector<std::string> gone;
    while (RunSome(64, &gone)) {
    }
    return gone;
  }
  bool RunSome(size_t most_steps, std::vector<std::string>* gone) {
    const auto expire = [&](uint64_t hash, Position position) {
      Record* record = table.Remove(hash, position);
      gone->emplace_back(record->key());
      REQUIRE(record->expire_at_ms() < now_ms);
      Record::Destroy(record);
    };
    const auto drop = [&](uint64_t hash, Position position, size_t most) {
      size_t dropped = 0;
      const std::string name(position->record()->key());
      const bool empty = ChangeEnds(hash, position, [&](std::multiset<int64_t>& ends_ms) {
        for (; dropped < most && !ends_ms.empty() && *ends_ms.begin() < now_ms; ++dropped) {
          ends_ms.erase(ends_ms.begin());
        }
      });
      if (empty) {
        Record::Destroy(table.Remove(hash, table.Find(MakeKey(name))));
        gone->push_back(name);
      }
      parts_gone += dropped;
      return dropped;
    };
    return table.RunDue(now_ms, most_steps, expire, drop);
  }
  // Old and new wheel, while the one is filled from the other.
  void NoteReferences() {
    const size_t deadlines = table.expiring_size() + table.value_expiring_size();
    REQUIRE(table.references() <= 2 * (deadlines + table.StaleLimit()) + 64);
  }

 private:
  void InsertRecord(const std::string& name, Record* record) {
    table.Insert(MakeKey(name).hash, record, record->deadlines(), 0, now_ms);
    NoteReferences();
  }
  // Whether nothing is left.
  template <class Change>
  bool ChangeEnds(uint64_t hash, Position position, Change&& change) {
    Record* record = position->record();
    const Deadlines before = record->deadlines();
    auto& ends_ms = static_cast<Ending*>(record->object())->ends_ms;
    change(ends_ms);
    table.Update(hash, position, record, before, now_ms);
    return ends_ms.empty();
  }

  KeyHasher hasher_;
  StampTranslation stamps_;

 public:
  Table table;
  int64_t now_ms = kStartMs;
  size_t parts_gone = 0;
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
  std::vector<std::string> gone;
  CHECK(subject.RunSome(64, &gone));
  CHECK(gone.size() == 64);
  while (subject.RunSome(64, &gone)) {
  }
  CHECK(gone.size() == 1000);
}

TEST_CASE("table: the earlier of a key's end and of a part of its value counts, by one reference") {
  Subject subject;
  subject.InsertEnding("key", {kStartMs + 100, kStartMs + 500}, kStartMs + 300);
  CHECK(subject.table.expiring_size() == 1);
  CHECK(subject.table.value_expiring_size() == 1);
  CHECK(subject.table.references() == 1);
  subject.table.CheckInvariants();
  subject.now_ms = kStartMs + 101 + TimingWheel::kTickMs;
  CHECK(subject.RunDue().empty());
  CHECK(subject.parts_gone == 1);
  CHECK(subject.table.references() == 1);
  subject.table.CheckInvariants();
  subject.now_ms = kStartMs + 301 + TimingWheel::kTickMs;
  CHECK(subject.RunDue() == std::vector<std::string>{"key"});
  CHECK(subject.table.value_expiring_size() == 0);
  CHECK(subject.table.expiring_size() == 0);
  CHECK(subject.table.references() == 0);
}

TEST_CASE("table: a value's deadline that moves earlier fires in time, one that goes leaves the key alone") {
  Subject subject;
  subject.InsertEnding("key", {INT64_MAX});
  CHECK(subject.table.references() == 1);
  subject.ChangeEnds("key", [](auto& ends_ms) { ends_ms = {kStartMs + 50, kStartMs + 200, INT64_MAX}; });
  CHECK(subject.table.references() == 2);
  subject.table.CheckInvariants();
  subject.now_ms = kStartMs + 51 + TimingWheel::kTickMs;
  CHECK(subject.RunDue().empty());
  CHECK(subject.parts_gone == 1);
  subject.now_ms = kStartMs + 201 + TimingWheel::kTickMs;
  CHECK(subject.RunDue().empty());
  CHECK(subject.parts_gone == 2);
  CHECK(subject.EndsOf("key").size() == 1);
  subject.table.CheckInvariants();
}

TEST_CASE("table: a value with many parts that end at once is done in bounded steps, without a pause") {
  Subject subject;
  std::multiset<int64_t> ends_ms{INT64_MAX};
  for (int i = 0; i < 1000; ++i) ends_ms.insert(kStartMs + 1);
  subject.InsertEnding("large", ends_ms);
  subject.Insert("other", kStartMs + 1);
  subject.now_ms += 100;
  std::vector<std::string> gone;
  int calls = 0;
  while (subject.RunSome(64, &gone)) {
    CHECK(subject.parts_gone <= 64u * static_cast<size_t>(++calls));
    CHECK(subject.table.NextDueMs() <= subject.now_ms);
    subject.table.CheckInvariants();
  }
  CHECK(calls == 15);
  CHECK(subject.parts_gone == 1000);
  CHECK(gone == std::vector<std::string>{"other"});
  CHECK(subject.EndsOf("large").size() == 1);
  CHECK(subject.table.references() == 1);
  CHECK(subject.table.NextDueMs() > subject.now_ms);
}

TEST_CASE("table: a value that is half done may go, and so may its deadline") {
  for (const bool removed : {true, false}) {
    Subject subject;
    subject.InsertEnding("key", std::multiset<int64_t>{kStartMs, kStartMs, kStartMs, INT64_MAX});
    subject.now_ms += 100;
    std::vector<std::string> gone;
    CHECK(subject.RunSome(2, &gone));
    CHECK(subject.parts_gone == 1);
    if (removed) {
      subject.Remove("key");
    } else {
      subject.ChangeEnds("key", [](auto& ends_ms) { ends_ms = {INT64_MAX}; });
    }
    CHECK(!subject.RunSome(2, &gone));
    CHECK(gone.empty());
    CHECK(subject.parts_gone == 1);
    subject.table.CheckInvariants();
  }
}

TEST_CASE("table: random ends of parts and keys against a map") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  Subject subject(random.Next());
  struct Expected {
    int64_t expire_at_ms;
    std::multiset<int64_t> ends_ms;
  };
  std::unordered_map<std::string, Expected> model;
  const auto soon = [&] {
    return subject.now_ms + static_cast<int64_t>(random.Below(1 + random.Below(20'000)));
  };
  for (int step = 0; step < 100'000; ++step) {
    const std::string name = std::to_string(random.Below(1000));
    const auto found = model.find(name);
    if (found == model.end()) {
      std::multiset<int64_t> ends_ms;
      for (uint64_t i = random.Below(5) + 1; i > 0; --i)
        ends_ms.insert(random.Below(3) == 0 ? INT64_MAX : soon());
      const int64_t expiry = random.Below(2) == 0 ? kNoExpiry : soon();
      subject.InsertEnding(name, ends_ms, expiry);
      model[name] = {expiry, ends_ms};
    } else if (random.Below(6) == 0) {
      subject.Remove(name);
      model.erase(found);
    } else if (random.Below(3) == 0) {
      found->second.expire_at_ms = random.Below(2) == 0 ? kNoExpiry : soon();
      subject.SetExpiry(name, found->second.expire_at_ms);
    } else {
      const int64_t end_ms = soon();
      const bool adds = random.Below(2) == 0 || found->second.ends_ms.size() == 1;
      const auto change = [&](std::multiset<int64_t>& ends_ms) {
        if (!adds) ends_ms.erase(ends_ms.begin());
        if (adds) ends_ms.insert(end_ms);
      };
      // What is over may have gone already.
      if (*subject.EndsOf(name).begin() < subject.now_ms) continue;
      std::erase_if(found->second.ends_ms, [&](int64_t ms) { return ms < subject.now_ms; });
      subject.ChangeEnds(name, change);
      change(found->second.ends_ms);
      if (found->second.ends_ms.empty()) {
        subject.Remove(name);
        model.erase(found);
      }
    }
    if (random.Below(8) == 0) subject.now_ms += static_cast<int64_t>(random.Below(10));
    if (random.Below(20) != 0) continue;
    for (const std::string& gone : subject.RunDue()) {
      const auto at = model.find(gone);
      REQUIRE(at != model.end());
      const bool key_is_over =
          at->second.expire_at_ms != kNoExpiry && at->second.expire_at_ms < subject.now_ms;
      REQUIRE((key_is_over || *at->second.ends_ms.rbegin() < subject.now_ms));
      model.erase(at);
    }
    REQUIRE(subject.table.size() == model.size());
    if (step % 50 != 0) continue;
    subject.table.CheckInvariants();
    for (const auto& [key, expected] : model) {
      const int64_t limit_ms = subject.now_ms - TimingWheel::kTickMs - 1;
      REQUIRE((expected.expire_at_ms == kNoExpiry || expected.expire_at_ms > limit_ms));
      REQUIRE(*subject.EndsOf(key).begin() > limit_ms);
      // Nothing went before its time.
      const auto first_live = expected.ends_ms.lower_bound(subject.now_ms);
      const auto live = static_cast<size_t>(std::distance(first_live, expected.ends_ms.end()));
      REQUIRE(subject.EndsOf(key).size() >= live);
    }
  }
}

}  // namespace
}  // namespace corral::storage
