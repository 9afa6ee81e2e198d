// Large hashes against a map: contents, expiries, memory, walks and fairness.
#include "storage/types/hash_object.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"
#include "tests/unit/storage/types/uniformity.h"

namespace corral::storage {
namespace {

using Model = std::map<std::string, std::pair<std::string, int64_t>>;

Model Contents(const HashObject& hash) {
  Model contents;
  hash.ForEach([&](const HashField& field) {
    contents[std::string(field.name())] = {std::string(field.value()), field.expire_at_ms()};
  });
  return contents;
}

std::string Padded(const char* prefix, int number, size_t size) {
  std::string text = std::to_string(number);
  return prefix + std::string(size - 1 - text.size(), '0') + text;
}

TEST_CASE("hash object: random changes against a map") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  HashObject hash{KeyHasher(random.Next())};
  Model model;
  for (int wave = 0; wave < 6; ++wave) {
    const uint64_t range = 1 + random.Below(wave % 2 == 0 ? 12'000 : 300);
    const uint64_t set_share = wave % 3 == 2 ? 10 : 60;
    for (int step = 0; step < 20'000; ++step) {
      const std::string name = "f" + std::to_string(random.Below(range));
      const auto found = model.find(name);
      const int64_t expiry = random.Below(3) == 0 ? static_cast<int64_t>(random.Below(1000)) : kNoExpiry;
      const uint64_t choice = random.Below(100);
      if (choice < set_share) {
        const std::string value(random.Below(50) == 0 ? random.Below(5000) : random.Below(60), 'v');
        REQUIRE(hash.Set(name, value, expiry) == (found == model.end()));
        model[name] = {value, expiry};
      } else if (choice < set_share + 3) {
        REQUIRE(hash.SetValue(name, "kept") == (found == model.end()));
        model.try_emplace(name, "", kNoExpiry).first->second.first = "kept";
      } else if (choice < set_share + 5) {
        REQUIRE(hash.SetExpiry(name, expiry) == (found != model.end()));
        if (found != model.end()) found->second.second = expiry;
      } else if (choice < set_share + 10) {
        const HashField* field = hash.Find(name);
        REQUIRE((field != nullptr) == (found != model.end()));
        if (field != nullptr) REQUIRE(field->value() == found->second.first);
      } else {
        REQUIRE(hash.Erase(name) == (found != model.end()));
        model.erase(name);
      }
      REQUIRE(hash.size() == model.size());
      if (step % 4000 == 0) hash.CheckInvariants();
    }
    hash.CheckInvariants();
    REQUIRE(Contents(hash) == model);
    for (const int64_t now_ms : {0, 1, 500, 1000}) {
      const auto overdue = std::count_if(model.begin(), model.end(), [&](const auto& field) {
        return IsOverdue(field.second.second, now_ms);
      });
      REQUIRE(hash.OverdueSize(now_ms) == static_cast<size_t>(overdue));
    }
  }
  const auto expiring = std::count_if(model.begin(), model.end(),
                                      [](const auto& field) { return field.second.second != kNoExpiry; });
  CHECK(hash.expiring_size() == static_cast<size_t>(expiring));
  const size_t bytes = hash.allocated_bytes();
  for (const auto& [name, value] : model) REQUIRE(hash.Erase(name));
  hash.CheckInvariants();
  CHECK(hash.size() == 0);
  CHECK(hash.expiring_size() == 0);
  CHECK(hash.allocated_bytes() <= std::min<size_t>(bytes, sizeof(HashObject) + 2048));
}

TEST_CASE("hash object: fields and values may be empty, of any bytes, and large") {
  HashObject hash;
  const std::string large(40'000'000, 'x');
  const std::string bytes("\0\xff\r\n", 4);
  CHECK(hash.Set("", ""));
  CHECK(hash.Set(bytes, bytes));
  CHECK(hash.Set("large", large));
  CHECK(hash.Set(large, "large"));
  CHECK_FALSE(hash.Set("", large));
  CHECK(hash.Find("")->value() == large);
  CHECK(hash.Find(bytes)->value() == bytes);
  CHECK(hash.Find("large")->value() == large);
  CHECK(hash.Find(large)->value() == "large");
  CHECK(hash.allocated_bytes() > 3 * large.size());
  hash.CheckInvariants();
  CHECK_FALSE(hash.Set("", "small"));
  CHECK(hash.Erase(large));
  CHECK(hash.allocated_bytes() < 2 * large.size());
  hash.CheckInvariants();
}

TEST_CASE("hash object: a clone is equal and its own") {
  HashObject hash;
  for (int i = 0; i < 5000; ++i) {
    hash.Set(std::to_string(i), std::string(static_cast<size_t>(i) % 300, 'v'), i % 3 == 0 ? i : kNoExpiry);
  }
  const std::unique_ptr<Object> copy = hash.Clone();
  auto& clone = static_cast<HashObject&>(*copy);
  clone.CheckInvariants();
  CHECK(Contents(clone) == Contents(hash));
  clone.Set("1", "other");
  clone.Erase("2");
  CHECK(hash.Find("1")->value() == "v");
  CHECK(hash.Find("2") != nullptr);
}

TEST_CASE("hash object: what is saved is every field, with its expiry if it has one") {
  struct Sink final : ValueSink {
    void Element(std::span<const std::string_view> parts) override {
      saved.emplace_back(parts.begin(), parts.end());
    }
    std::vector<std::vector<std::string>> saved;
  } sink;
  HashObject hash;
  hash.Set("a", "1");
  hash.Set("b", "2", 1'700'000'000'000);
  hash.Save(sink);
  std::sort(sink.saved.begin(), sink.saved.end());
  CHECK(sink.saved == std::vector<std::vector<std::string>>{{"a", "1"}, {"b", "2", "1700000000000"}});
}

TEST_CASE("hash object: a scan sees every field that stays, while others come and go") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 10; ++round) {
    HashObject hash{KeyHasher(random.Next())};
    const int stay = static_cast<int>(random.Below(2000));
    for (int i = 0; i < stay; ++i) hash.Set("stay" + std::to_string(i), "");
    const uint64_t range = 1 + random.Below(20'000);
    const uint64_t pace = random.Below(60);
    std::map<std::string, int> seen;
    uint64_t cursor = 0;
    do {
      cursor = hash.Scan(cursor, [&](const HashField& field) { ++seen[std::string(field.name())]; });
      for (uint64_t i = 0; i < pace; ++i) {
        const std::string name = "other" + std::to_string(random.Below(range));
        if (random.Below(10) < (round % 2 == 0 ? 8u : 3u)) {
          hash.Set(name, "");
        } else {
          hash.Erase(name);
        }
      }
    } while (cursor != 0);
    for (int i = 0; i < stay; ++i) REQUIRE(seen.contains("stay" + std::to_string(i)));
    hash.CheckInvariants();
  }
}

TEST_CASE("hash object: any cursor is safe") {
  Random random(3);
  HashObject hash{KeyHasher(3)};
  for (int i = 0; i < 3000; ++i) hash.Set(std::to_string(i), "");
  for (int i = 0; i < 300; ++i) {
    uint64_t cursor = random.Next() >> random.Below(64);
    int steps = 0;
    do {
      cursor = hash.Scan(cursor, [](const HashField&) {});
    } while (cursor != 0 && ++steps < 3000);
    REQUIRE(cursor == 0);
  }
}

TEST_CASE("hash object: random fields are uniform, also when most fields have left") {
  Random random(5);
  HashObject hash{KeyHasher(5)};
  for (int i = 0; i < 20'000; ++i) hash.Set(std::to_string(i), "");
  for (const size_t left : {2000u, 300u, 20u, 2u, 1u}) {
    for (int i = 0; hash.size() > left; ++i) hash.Erase(std::to_string(i));
    std::map<std::string, size_t> drawn;
    const size_t draws = left * 100;
    for (size_t i = 0; i < draws; ++i) ++drawn[std::string(hash.RandomField(random).name())];
    CHECK(drawn.size() == left);
    if (left > 1) CHECK(LooksUniform(drawn, left, draws));
    for (int i = 19'999; hash.size() < 20'000 && i >= 0; --i) hash.Set(std::to_string(i), "");
  }
}

TEST_CASE("hash object: bytes for each field of 12 + 16 bytes keep to the budget at any count") {
  HashObject plain{KeyHasher(1)};
  HashObject expiring{KeyHasher(1)};
  double least = 1000, most = 0, most_expiring = 0;
  for (int i = 1; i <= 200'000; ++i) {
    const std::string name = Padded("f", i, 12), value = Padded("v", i, 16);
    plain.Set(name, value);
    expiring.Set(name, value, 1'700'000'000'000);
    if (i < 20'000 || i % 500 != 0) continue;
    const double bytes = static_cast<double>(plain.allocated_bytes()) / i;
    least = std::min(least, bytes);
    most = std::max(most, bytes);
    most_expiring = std::max(most_expiring, static_cast<double>(expiring.allocated_bytes()) / i);
  }
  MESSAGE("bytes for each field: " << least << " to " << most << "; with an expiry up to " << most_expiring);
  CHECK(most <= 46);
  CHECK(most / least < 1.15);
  CHECK(most_expiring <= 66.1);
}

}  // namespace
}  // namespace corral::storage
