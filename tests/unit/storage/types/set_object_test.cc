// Large sets against std::set: contents, integers in slots, memory, walks and fairness.
#include "storage/types/set_object.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"
#include "tests/unit/storage/types/uniformity.h"

namespace corral::storage {
namespace {

std::string TextOf(const SetObject::Member& member) {
  IntegerText scratch;
  return std::string(member.Text(scratch));
}

std::set<std::string> Contents(const SetObject& set) {
  std::set<std::string> contents;
  set.ForEach([&](const SetObject::Member& member) { contents.insert(TextOf(member)); });
  return contents;
}

// Integers of all widths, what only looks like one, and words.
std::string RandomMember(Random& random, uint64_t range) {
  const uint64_t number = random.Below(range);
  switch (random.Below(6)) {
    case 0:
      return std::to_string(number);
    case 1:
      return "-" + std::to_string(number);
    case 2:
      return std::to_string((int64_t{1} << 46) - static_cast<int64_t>(range / 2) +
                            static_cast<int64_t>(number));
    case 3:
      return std::to_string(-(int64_t{1} << 46) - static_cast<int64_t>(range / 2) +
                            static_cast<int64_t>(number));
    case 4:
      return "0" + std::to_string(number);
    default:
      return "member:" + std::to_string(number);
  }
}

TEST_CASE("set object: random changes against a set") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  SetObject set{KeyHasher(random.Next())};
  std::set<std::string> model;
  for (int wave = 0; wave < 6; ++wave) {
    const uint64_t range = 2 + random.Below(wave % 2 == 0 ? 5000 : 100);
    const uint64_t add_share = wave % 3 == 2 ? 15 : 60;
    for (int step = 0; step < 20'000; ++step) {
      const std::string member = RandomMember(random, range);
      const uint64_t choice = random.Below(100);
      if (choice < add_share) {
        REQUIRE(set.Add(member) == model.insert(member).second);
      } else if (choice < add_share + 10) {
        REQUIRE(set.Contains(member) == model.contains(member));
      } else if (choice < add_share + 15 && !model.empty()) {
        const std::string popped = TextOf(set.RandomMember(random));
        REQUIRE(model.erase(popped) == 1);
        REQUIRE(set.Erase(popped));
      } else {
        REQUIRE(set.Erase(member) == (model.erase(member) == 1));
      }
      REQUIRE(set.size() == model.size());
      if (step % 4000 == 0) set.CheckInvariants();
    }
    set.CheckInvariants();
    REQUIRE(Contents(set) == model);
  }
}

TEST_CASE("set object: an integer is found by its text and as an integer, wherever it lies") {
  const int64_t integers[] = {0,
                              1,
                              -1,
                              12,
                              MemberEntries::kMaxInteger,
                              INT64_MAX,
                              INT64_MIN,
                              1LL << 47,
                              -(1LL << 50),
                              MemberEntries::kMinInteger,
                              MemberEntries::kMaxInteger + 1,
                              MemberEntries::kMinInteger - 1};
  SetObject by_text, by_integer;
  for (const int64_t integer : integers) {
    const std::string text = std::to_string(integer);
    const SetObject::Member member{.is_integer = true, .integer = integer, .text = {}};
    CHECK(by_text.Add(text));
    CHECK_FALSE(by_text.Add(member));
    CHECK(by_integer.Add(member));
    CHECK_FALSE(by_integer.Add(text));
    CHECK(by_text.Contains(member));
    CHECK(by_integer.Contains(text));
  }
  CHECK(Contents(by_text) == Contents(by_integer));
  for (const char* text : {"", "-0", "+1", "01", "1 ", " 1", "-", "1.0", "9223372036854775808"}) {
    CHECK_FALSE(by_text.Contains(text));
    CHECK(by_text.Add(text));
    CHECK(by_text.Contains(text));
  }
  by_text.CheckInvariants();
  by_integer.CheckInvariants();
}

TEST_CASE("set object: members may be large") {
  SetObject set;
  const std::string large(20'000'000, '1');
  CHECK(set.Add(large));
  CHECK_FALSE(set.Add(large));
  CHECK(set.allocated_bytes() > large.size());
  set.CheckInvariants();
  CHECK(set.Erase(large));
  CHECK(set.allocated_bytes() < 1000);
}

TEST_CASE("set object: a clone is equal and its own; what is saved is every member") {
  struct Sink final : ValueSink {
    void Element(std::span<const std::string_view> parts) override { saved.emplace(parts[0]); }
    std::set<std::string> saved;
  } sink;
  SetObject set;
  for (int i = 0; i < 5000; ++i) set.Add(i % 2 == 0 ? std::to_string(i) : "member:" + std::to_string(i));
  const std::unique_ptr<Object> copy = set.Clone();
  auto& clone = static_cast<SetObject&>(*copy);
  clone.CheckInvariants();
  CHECK(Contents(clone) == Contents(set));
  set.Save(sink);
  CHECK(sink.saved == Contents(set));
  clone.Erase("0");
  CHECK(set.Contains("0"));
  CHECK(set.effort_to_free() >= 2500);
}

TEST_CASE("set object: a scan sees every member that stays, while others come and go") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 10; ++round) {
    SetObject set{KeyHasher(random.Next())};
    const int stay = static_cast<int>(random.Below(2000));
    for (int i = 0; i < stay; ++i) set.Add(std::to_string(i));
    const uint64_t range = 1 + random.Below(20'000);
    const uint64_t pace = random.Below(60);
    std::set<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = set.Scan(cursor, [&](const SetObject::Member& member) { seen.insert(TextOf(member)); });
      for (uint64_t i = 0; i < pace; ++i) {
        const std::string name = "other" + std::to_string(random.Below(range));
        if (random.Below(10) < (round % 2 == 0 ? 8u : 3u)) {
          set.Add(name);
        } else {
          set.Erase(name);
        }
      }
    } while (cursor != 0);
    for (int i = 0; i < stay; ++i) REQUIRE(seen.contains(std::to_string(i)));
    set.CheckInvariants();
  }
}

TEST_CASE("set object: random members are uniform") {
  Random random(7);
  SetObject set{KeyHasher(7)};
  for (int i = 0; i < 1000; ++i) set.Add(i % 3 == 0 ? "m" + std::to_string(i) : std::to_string(i));
  std::map<std::string, size_t> drawn;
  for (int i = 0; i < 100'000; ++i) ++drawn[TextOf(set.RandomMember(random))];
  CHECK(LooksUniform(drawn, 1000, 100'000));
}

TEST_CASE("set object: random removal until nothing is left takes each member at each turn equally often") {
  Random random(9);
  constexpr size_t kMembers = 40, kRounds = 4000;
  std::map<std::string, size_t> last, first;
  for (size_t round = 0; round < kRounds; ++round) {
    SetObject set{KeyHasher(random.Next())};
    for (size_t i = 0; i < kMembers; ++i) set.Add(std::to_string(i));
    while (set.size() > 0) {
      const std::string popped = TextOf(set.RandomMember(random));
      if (set.size() == kMembers) ++first[popped];
      if (set.size() == 1) ++last[popped];
      REQUIRE(set.Erase(popped));
    }
    set.CheckInvariants();
  }
  CHECK(LooksUniform(first, kMembers, kRounds));
  CHECK(LooksUniform(last, kMembers, kRounds));
}

TEST_CASE("set object: bytes for each member keep to the budget at any count") {
  SetObject words{KeyHasher(1)};
  SetObject integers{KeyHasher(1)};
  double least = 1000, most = 0, most_integers = 0;
  for (int i = 1; i <= 200'000; ++i) {
    const std::string number = std::to_string(i);
    words.Add("m" + std::string(11 - number.size(), '0') + number);
    integers.Add(std::to_string(int64_t{i} * 100'000));
    if (i < 20'000 || i % 500 != 0) continue;
    const double bytes = static_cast<double>(words.allocated_bytes()) / i;
    least = std::min(least, bytes);
    most = std::max(most, bytes);
    most_integers = std::max(most_integers, static_cast<double>(integers.allocated_bytes()) / i);
  }
  MESSAGE("bytes for each member: " << least << " to " << most << "; integers up to " << most_integers);
  CHECK(most <= 29);
  CHECK(most / least < 1.15);
  CHECK(most_integers <= 13);
}

}  // namespace
}  // namespace corral::storage
