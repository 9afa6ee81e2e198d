// The table of tracked keys against maps of sets.
#include "server/tracking/key_table.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/unit/seed.h"

namespace corral::tracking {
namespace {

uint32_t HashOf(const std::string& name) {
  return static_cast<uint32_t>(std::hash<std::string>()(name)) % 5000;
}

std::set<uint32_t> Numbers(TrackedKey& key) { return {key.numbers().begin(), key.numbers().end()}; }

TEST_CASE("a key is taken with all its numbers, once") {
  KeyTable table;
  for (uint32_t number = 100; number > 0; --number) CHECK(table.Add("key", 7, number));
  CHECK_FALSE(table.Add("key", 7, 50));
  CHECK(table.keys() == 1);
  CHECK(table.items() == 100);
  OwnedKey key = table.Take("key", 7);
  REQUIRE(key != nullptr);
  CHECK(key->name() == "key");
  CHECK(Numbers(*key).size() == 100);
  CHECK(table.Take("key", 7) == nullptr);
  CHECK(table.items() == 0);
}

TEST_CASE("random histories of adding, taking and sweeping") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  KeyTable table;
  std::map<std::string, std::set<uint32_t>> model;
  for (int step = 0; step < 200000; ++step) {
    // Names of every length around the padding, the empty one among them.
    const std::string name =
        std::string(random() % 6, 'n') + std::to_string(random() % 400).substr(random() % 2);
    const auto action = random() % 100;
    if (action < 70) {
      const uint32_t number = 1 + static_cast<uint32_t>(random() % 40);
      REQUIRE(table.Add(name, HashOf(name), number) == model[name].insert(number).second);
    } else if (action < 96) {
      OwnedKey key = table.Take(name, HashOf(name));
      auto found = model.find(name);
      REQUIRE((key != nullptr) == (found != model.end()));
      if (key != nullptr) {
        CHECK(Numbers(*key) == found->second);
        model.erase(found);
      }
    } else if (action < 98) {
      OwnedKey key = table.TakeAny(random());
      REQUIRE((key != nullptr) == !model.empty());
      if (key != nullptr) {
        const std::string taken(key->name());
        CHECK(Numbers(*key) == model.at(taken));
        model.erase(taken);
      }
    } else if (action == 98 && random() % 20 == 0) {
      const auto limit = static_cast<uint32_t>(random() % 60);
      const auto gone = [&](uint32_t number) { return number > limit; };
      for (uint64_t at = 0; at < KeyTable::kSweepEnd;) {
        table.Sweep(&at, 16, gone);
        // The table grows and shrinks between two steps.
        for (int i = 0; i < 10; ++i) {
          const std::string other = "other" + std::to_string(random() % 50);
          if (random() % 2 == 0) {
            table.Add(other, HashOf(other), 0);
            model[other].insert(0);
          } else {
            table.Take(other, HashOf(other));
            model.erase(other);
          }
        }
      }
      for (auto key = model.begin(); key != model.end();) {
        std::erase_if(key->second, gone);
        key = key->second.empty() ? model.erase(key) : std::next(key);
      }
    }
    size_t items = 0;
    if (step % 1000 == 0) {
      for (const auto& [key, numbers] : model) items += numbers.size();
      REQUIRE(table.items() == items);
    }
    REQUIRE(table.keys() == model.size());
  }
}

}  // namespace
}  // namespace corral::tracking
