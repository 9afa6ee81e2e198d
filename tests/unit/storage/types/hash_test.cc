// Hashes in both their forms, against a standard map; samples without repetition.
#include "storage/types/hash.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/packed_object.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr HashLimits kLimits{.packed_fields = 512, .packed_bytes = 64};
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
  Hash(value.value()).ForEach([&](const Hash::Field& field) {
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
    CHECK(*Hash(other.value()).Find("1") == "2");
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
      const auto found = Hash(value.value()).Find(name);
      REQUIRE(found.has_value() == (model.count(name) == 1));
      if (found) CHECK(*found == model[name]);
    }
    const Hash hash(value.value());
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

TEST_CASE("each field of a packed hash comes as often as the others, picked or sampled") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr int kFields = 10, kRounds = 20'000;
  DetachedValue value(PackedForm::kHash);
  for (int i = 0; i < kFields; ++i) SetField(value, "f" + std::to_string(i), "v", kLimits);
  const Hash hash(value.value());
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
