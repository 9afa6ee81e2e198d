// Hashes in both their forms, against a standard map; samples without repetition.
#include "storage/types/hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/packed_object.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr HashLimits kLimits{.packed_fields = 512, .packed_bytes = 64};
constexpr int64_t kNowMs = 1'000'000;
using Model = std::map<std::string, std::string>;

void Insert(Model& model, const Hash::Field& field) {
  IntegerText name, value;
  model.emplace(field.name.Text(name), field.value.Text(value));
}

TEST_CASE("a hash is packed up to Redis's limits, and keeps its order until then") {
  DetachedValue value(PackedForm::kHash);
  for (int i = 0; i < 512; ++i) CHECK(SetField(value, "f" + std::to_string(999 - i), "v", kLimits));
  CHECK(value.value().encoding() == Encoding::kListpack);
  int next = 999;
  Hash(value.value(), kNowMs).ForEach([&](const Hash::Field& field) {
    CHECK(field.name == "f" + std::to_string(next--));
  });
  CHECK_FALSE(SetField(value, "f999", std::string(64, 'x'), kLimits));
  CHECK(value.value().encoding() == Encoding::kListpack);
  CHECK(SetField(value, "one more", "v", kLimits));
  CHECK(value.value().encoding() == Encoding::kHashtable);
  CHECK(value.value().size() == 513);
  for (const bool in_name : {true, false}) {
    DetachedValue other(PackedForm::kHash);
    const std::string text(65, 'x');
    SetField(other, "1", "2", kLimits);
    SetField(other, in_name ? text : "f", in_name ? "v" : text, kLimits);
    CHECK(other.value().encoding() == Encoding::kHashtable);
    CHECK(*Hash(other.value(), kNowMs).Find("1") == "2");
  }
}

TEST_CASE("hashes against a model, over both forms and limits") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const HashLimits limits{.packed_fields = random.Below(60), .packed_bytes = random.Below(30)};
    DetachedValue value(PackedForm::kHash);
    Model model;
    const auto text = [&](size_t longest) {
      const std::string number = std::to_string(static_cast<int64_t>(random.Below(60)) - 20);
      return random.Below(2) == 0 ? number : std::string(random.Below(longest), 'x') + number;
    };
    for (int step = 0; step < 400; ++step) {
      const std::string name = text(3);
      if (random.Below(3) != 0) {
        const std::string written = text(40);
        CHECK(SetField(value, name, written, limits) == model.insert_or_assign(name, written).second);
      } else {
        CHECK(RemoveField(value, name) == (model.erase(name) == 1));
      }
      const auto found = Hash(value.value(), kNowMs).Find(name);
      REQUIRE(found.has_value() == (model.count(name) == 1));
      if (found) CHECK(*found == model[name]);
    }
    const Hash hash(value.value(), kNowMs);
    CHECK(hash.size() == model.size());
    Model walked, scanned;
    hash.ForEach([&](const Hash::Field& field) { Insert(walked, field); });
    CHECK(walked == model);
    uint64_t cursor = 0;
    do {
      cursor = hash.Scan(cursor, 10, [&](const Hash::Field& field) { Insert(scanned, field); });
    } while (cursor != 0);
    CHECK(scanned == model);
    for (const size_t count : {size_t{0}, model.size() / 4, model.size() / 2, model.size()}) {
      Model sample;
      for (const Hash::Field& field : hash.Sample(count, random)) Insert(sample, field);
      CHECK(sample.size() == count);
      for (const auto& [name, written] : sample) CHECK(model.at(name) == written);
    }
  }
}

struct Value {
  std::string text;
  int64_t expire_at_ms = kNoExpiry;
  bool operator==(const Value&) const = default;
};
using ExpiringModel = std::map<std::string, Value>;

ExpiringModel LiveAt(const ExpiringModel& model, int64_t now_ms) {
  ExpiringModel live = model;
  std::erase_if(live, [&](const auto& field) { return IsOverdue(field.second.expire_at_ms, now_ms); });
  return live;
}

// What every way to read tells, each compared with the others.
ExpiringModel Read(const ValueView& value, int64_t now_ms, Random& random) {
  const Hash hash(value, now_ms);
  ExpiringModel read;
  hash.ForEach([&](const Hash::Field& field) {
    IntegerText name, text;
    const std::string key(field.name.Text(name));
    read[key] = {std::string(field.value.Text(text)), hash.ExpiryOf(key).value_or(-2)};
    REQUIRE(*hash.Find(key) == read[key].text);
  });
  REQUIRE(hash.size() == read.size());
  Model scanned;
  uint64_t cursor = 0;
  do {
    cursor = hash.Scan(cursor, 10, [&](const Hash::Field& field) { Insert(scanned, field); });
  } while (cursor != 0);
  REQUIRE(scanned.size() == read.size());
  for (const size_t count : {read.size() / 4, read.size() / 2, read.size()}) {
    Model sample;
    for (const Hash::Field& field : hash.Sample(count, random)) Insert(sample, field);
    REQUIRE(sample.size() == count);
    for (const auto& [name, text] : sample) REQUIRE(read.at(name).text == text);
  }
  IntegerText name;
  if (!read.empty()) REQUIRE(read.contains(std::string(hash.RandomField(random).name.Text(name))));
  return read;
}

void CheckValue(const ValueView& value) {
  if (value.packed()) {
    REQUIRE(Valid(value.form(), value.bytes()));
  } else {
    value.as<HashObject>().CheckInvariants();
  }
}

TEST_CASE("hashes whose fields expire, against a model, over all forms") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const HashLimits limits{.packed_fields = random.Below(60), .packed_bytes = 5 + random.Below(20)};
    DetachedValue value(PackedForm::kHash);
    ExpiringModel model;
    int64_t now_ms = kNowMs;
    const auto text = [&](size_t longest) {
      const std::string number = std::to_string(static_cast<int64_t>(random.Below(60)) - 20);
      return random.Below(2) == 0 ? number : std::string(random.Below(longest), 'x') + number;
    };
    for (int step = 0; step < 400; ++step) {
      const std::string name = text(3), written = text(18);
      const auto found = model.find(name);
      const int64_t expiry = now_ms + static_cast<int64_t>(random.Below(40));
      const bool overdue = found != model.end() && IsOverdue(found->second.expire_at_ms, now_ms);
      CHECK(Hash(value.value(), now_ms).Find(name).has_value() == (found != model.end() && !overdue));
      switch (random.Below(7)) {
        case 0:
          CHECK(SetField(value, name, written, limits) == (found == model.end()));
          model[name] = {written, kNoExpiry};
          break;
        case 1:
          CHECK(SetField(value, name, written, limits, FieldExpiry::kKept) == (found == model.end()));
          model[name].text = written;
          break;
        case 2:
          CHECK(RemoveField(value, name) == (found != model.end()));
          model.erase(name);
          break;
        case 3:
          CHECK(DropIfDue(value, name, now_ms) == overdue);
          if (overdue) model.erase(name);
          break;
        case 4:
          now_ms += static_cast<int64_t>(random.Below(10));
          break;
        case 5: {
          const size_t limit = random.Below(5);
          const size_t due = model.size() - LiveAt(model, now_ms).size();
          const size_t dropped = DropDueFields(value, now_ms, limit, [&](std::string_view dropping) {
            const std::string key(dropping);
            const int64_t ended_ms = model.at(key).expire_at_ms;
            for (const auto& [other, kept] : model) {  // none that ended earlier stays
              CHECK((kept.expire_at_ms == kNoExpiry || kept.expire_at_ms >= ended_ms));
            }
            model.erase(key);
          });
          CHECK(dropped == std::min(limit, due));
          break;
        }
        default: {
          const int64_t wanted = random.Below(4) == 0 ? kNoExpiry : expiry;
          CHECK(SetFieldExpiry(value, name, wanted) == (found != model.end()));
          if (found != model.end()) found->second.expire_at_ms = wanted;
        }
      }
      int64_t next_ms = kNoExpiry;
      for (const auto& [key, field] : model) {
        if (field.expire_at_ms == kNoExpiry) continue;
        if (next_ms == kNoExpiry || field.expire_at_ms < next_ms) next_ms = field.expire_at_ms;
      }
      REQUIRE(value.value().next_deadline_ms() == next_ms);
      if (step % 20 == 0) {
        CheckValue(value.value());
        REQUIRE(Read(value.value(), now_ms, random) == LiveAt(model, now_ms));
      }
    }
    REQUIRE(Read(value.value(), 0, random) == model);
    if (!value.packed()) {
      const std::unique_ptr<Object> clone = value.object()->Clone();
      CheckValue(ValueView(*clone));
      REQUIRE(Read(ValueView(*clone), 0, random) == model);
    }
  }
}

TEST_CASE("a packed hash whose fields expire has Redis's order and bytes") {
  DetachedValue value(PackedForm::kHash);
  for (const char* name : {"a", "b", "c", "d"}) SetField(value, name, "1", kLimits);
  CHECK(SetFieldExpiry(value, "a", kNoExpiry));
  CHECK(value.value().encoding() == Encoding::kListpack);
  CHECK_FALSE(SetFieldExpiry(value, "e", 5));
  CHECK(value.value().encoding() == Encoding::kListpack);
  CHECK(SetFieldExpiry(value, "c", 300));
  CHECK(SetFieldExpiry(value, "d", 100));
  CHECK(SetFieldExpiry(value, "b", 100));
  CHECK(value.value().encoding() == Encoding::kListpackEx);
  // d b c a: by expiry, those of one millisecond as they came, those without one last.
  CHECK(value.view() == std::string_view("\x24\0\0\0\x0c\0"
                                         "\x81"
                                         "d\2\1\1\x64\1"
                                         "\x81"
                                         "b\2\1\1\x64\1"
                                         "\x81"
                                         "c\2\1\1\xc1\x2c\2"
                                         "\x81"
                                         "a\2\1\1\0\1"
                                         "\xff",
                                         36));
  CHECK(SetFieldExpiry(value, "c", kNoExpiry));
  CHECK(SetField(value, "d", "2", kLimits) == false);  // takes the expiry away
  CHECK(value.value().next_deadline_ms() == 100);
  CHECK(SetFieldExpiry(value, "b", kNoExpiry));
  CHECK(value.value().next_deadline_ms() == kNoExpiry);
  CHECK(value.value().encoding() == Encoding::kListpackEx);  // for good
  std::string order;
  Hash(value.value(), kNowMs).ForEach([&](const Hash::Field& field) { order += field.name.text; });
  CHECK(order == "acdb");
}

TEST_CASE("each field of a packed hash comes as often as the others, picked or sampled") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr int kFields = 10, kRounds = 20'000;
  DetachedValue value(PackedForm::kHash);
  for (int i = 0; i < kFields; ++i) SetField(value, "f" + std::to_string(i), "v", kLimits);
  const Hash hash(value.value(), kNowMs);
  std::map<std::string, int> picked, sampled;
  for (int i = 0; i < kRounds; ++i) {
    ++picked[std::string(hash.RandomField(random).name.text)];
    for (const Hash::Field& field : hash.Sample(3, random)) ++sampled[std::string(field.name.text)];
  }
  for (auto* counts : {&picked, &sampled}) {
    const double expected = counts == &picked ? kRounds / 10.0 : kRounds * 3 / 10.0;
    double chi_square = 0;
    for (const auto& [name, count] : *counts)
      chi_square += (count - expected) * (count - expected) / expected;
    CHECK(counts->size() == kFields);
    CHECK(chi_square < 45);  // 9 degrees of freedom: exceeded once in a million
  }
}

}  // namespace
}  // namespace corral::storage
