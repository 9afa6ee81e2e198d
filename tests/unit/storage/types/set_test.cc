// Sets in all their forms, against a standard set; samples without repetition.
#include "storage/types/set.h"

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

constexpr SetLimits kLimits{.int_set_entries = 512, .packed_entries = 128, .packed_bytes = 64};

std::set<std::string> MembersOf(const Set& set) {
  std::set<std::string> members;
  set.ForEach([&](const Set::Member& member) {
    IntegerText scratch;
    CHECK(members.emplace(member.Text(scratch)).second);
  });
  return members;
}

DetachedValue& Begin(DetachedValue& value, std::string_view member) {
  if (const auto form = FormOfNewSet(member, 1, kLimits)) {
    value.Become(*form, EmptyOf(*form));
  } else {
    value.Become(std::make_unique<SetObject>());
  }
  return value;
}

TEST_CASE("a set takes the form that Redis gives it") {
  struct Row {
    std::vector<std::string> members;
    Encoding encoding;
  };
  std::vector<std::string> integers, texts;
  for (int i = 0; i < 512; ++i) integers.push_back(std::to_string(i - 100));
  for (int i = 0; i < 128; ++i) texts.push_back("member" + std::to_string(i));
  std::vector<std::string> integers_more = integers, texts_more = texts,
                           mixed(integers.begin(), integers.begin() + 127);
  integers_more.push_back("512");
  texts_more.push_back("12");
  mixed.push_back("text");
  std::vector<std::string> mixed_more(integers.begin(), integers.begin() + 128);
  mixed_more.push_back("text");
  const Row rows[] = {{integers, Encoding::kIntset},
                      {integers_more, Encoding::kHashtable},
                      {texts, Encoding::kListpack},
                      {texts_more, Encoding::kHashtable},
                      {mixed, Encoding::kListpack},
                      {mixed_more, Encoding::kHashtable},
                      {{"1", std::string(64, 'x')}, Encoding::kListpack},
                      {{"1", std::string(65, 'x')}, Encoding::kHashtable},
                      {{"007"}, Encoding::kListpack},
                      {{"-9223372036854775808", "9223372036854775807"}, Encoding::kIntset}};
  for (const Row& row : rows) {
    DetachedValue value(PackedForm::kSet);
    Begin(value, row.members[0]);
    for (const std::string& member : row.members) CHECK(AddToSet(value, member, kLimits));
    CHECK(value.value().encoding() == row.encoding);
    CHECK(MembersOf(Set(value.value())) == std::set<std::string>(row.members.begin(), row.members.end()));
  }
  CHECK(FormOfNewSet("1", 513, kLimits) == std::nullopt);
  CHECK(FormOfNewSet("1", 512, kLimits) == PackedForm::kIntSet);
  CHECK(FormOfNewSet("a", 129, kLimits) == std::nullopt);
}

TEST_CASE("an integer that a large set keeps as text is the same in a set of integers") {
  const std::string wide = "-8650669785807723756";
  DetachedValue large(std::make_unique<SetObject>()), integers(PackedForm::kIntSet),
      copy(PackedForm::kIntSet);
  AddToSet(large, wide, kLimits);
  AddToSet(integers, wide, kLimits);
  Set(large.value()).ForEach([&](const Set::Member& member) {
    CHECK(Set(integers.value()).Contains(member));
    CHECK_FALSE(AddToSet(integers, member, kLimits));
    CHECK(AddToSet(copy, member, kLimits));
  });
  CHECK(copy.value().encoding() == Encoding::kIntset);
}

TEST_CASE("sets against a model, over all forms and limits") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const SetLimits limits{.int_set_entries = random.Below(40),
                           .packed_entries = random.Below(40),
                           .packed_bytes = random.Below(12)};
    const uint64_t kinds = 1 + random.Below(3);
    DetachedValue value(random.Below(2) == 0 ? PackedForm::kSet : PackedForm::kIntSet);
    std::set<std::string> model;
    for (int step = 0; step < 400; ++step) {
      const auto number = std::to_string(static_cast<int64_t>(random.Below(100)) - 50);
      const uint64_t kind = random.Below(kinds);
      const std::string member = kind == 0 ? number : kind == 1 ? "m" + number : "000" + number;
      if (random.Below(3) != 0) {
        CHECK(AddToSet(value, member, limits) == model.insert(member).second);
      } else {
        CHECK(RemoveFromSet(value, member) == (model.erase(member) == 1));
      }
      CHECK(Set(value.value()).Contains(member) == (model.count(member) == 1));
    }
    const Set set(value.value());
    CHECK(set.size() == model.size());
    CHECK(MembersOf(set) == model);
    std::set<std::string> scanned;
    uint64_t cursor = 0;
    do {
      cursor = set.Scan(cursor, 10, [&](const Set::Member& member) {
        IntegerText scratch;
        scanned.emplace(member.Text(scratch));
      });
    } while (cursor != 0);
    CHECK(scanned == model);
    for (const size_t count : {size_t{0}, model.size() / 4, model.size() / 2, model.size()}) {
      std::set<std::string> sample;
      for (const Set::Member& member : set.Sample(count, random)) {
        IntegerText scratch;
        sample.emplace(member.Text(scratch));
      }
      CHECK(sample.size() == count);
      for (const std::string& member : sample) CHECK(model.count(member) == 1);
    }
  }
}

TEST_CASE("each member of a packed set comes as often as the others, picked or sampled") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr int kMembers = 10, kRounds = 20'000;
  for (const std::string prefix : {"", "m"}) {
    DetachedValue value(PackedForm::kSet);
    Begin(value, prefix + "0");
    for (int i = 0; i < kMembers; ++i) AddToSet(value, prefix + std::to_string(i), kLimits);
    const Set set(value.value());
    std::map<std::string, int> picked, sampled;
    IntegerText scratch;
    for (int i = 0; i < kRounds; ++i) {
      ++picked[std::string(set.RandomMember(random).Text(scratch))];
      for (const Set::Member& member : set.Sample(3, random)) ++sampled[std::string(member.Text(scratch))];
    }
    for (auto* counts : {&picked, &sampled}) {
      const double expected = counts == &picked ? kRounds / 10.0 : kRounds * 3 / 10.0;
      double chi_square = 0;
      for (const auto& [member, count] : *counts)
        chi_square += (count - expected) * (count - expected) / expected;
      CHECK(counts->size() == kMembers);
      CHECK(chi_square < 45);  // 9 degrees of freedom: exceeded once in a million
    }
  }
}

}  // namespace
}  // namespace corral::storage
