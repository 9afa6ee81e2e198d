// ChainTable against std::unordered_multimap, growing, shrinking and with equal hashes.
#include "storage/base/chain_table.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

struct Node {
  Node* next = nullptr;
  uint32_t hash = 0;
  int name = 0;
};

uint32_t HashOf(int name, uint32_t spread) { return static_cast<uint32_t>(name) * 2654435761u % spread; }

Node* Find(const ChainTable<Node>& table, int name, uint32_t spread) {
  return table.Find(HashOf(name, spread), [&](const Node& node) { return node.name == name; });
}

TEST_CASE("an empty chain table finds nothing and holds no memory") {
  ChainTable<Node> table;
  CHECK(Find(table, 1, 100) == nullptr);
  CHECK(table.allocated_bytes() == 0);
}

TEST_CASE("a chain table holds what a map holds, through random growth and shrinking") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  // Few hashes make long chains, many make the usual ones.
  for (uint32_t spread : {3u, 1000u, 0xffffffffu}) {
    ChainTable<Node> table;
    std::map<int, std::unique_ptr<Node>> model;
    for (int step = 0; step < 60000; ++step) {
      const bool growing = (step / 6000) % 2 == 0;
      const int name = static_cast<int>(random() % 3000);
      auto found = model.find(name);
      REQUIRE(Find(table, name, spread) == (found == model.end() ? nullptr : found->second.get()));
      if (found == model.end() && (growing || random() % 4 == 0)) {
        auto node = std::make_unique<Node>(Node{nullptr, HashOf(name, spread), name});
        table.Insert(node.get());
        model.emplace(name, std::move(node));
      } else if (found != model.end() && (!growing || random() % 4 == 0)) {
        table.Remove(found->second.get());
        model.erase(found);
      } else if (found != model.end()) {
        auto moved = std::make_unique<Node>(*found->second);
        table.Moved(reinterpret_cast<uintptr_t>(found->second.get()), moved.get());
        found->second = std::move(moved);
      }
      REQUIRE(table.size() == model.size());
      if (step % 500 == 0) table.CheckInvariants();
    }
    table.CheckInvariants();
    std::map<int, int> met;
    for (uint64_t at = 0; at < ChainTable<Node>::kWalkEnd; at = table.WalkNext(at)) {
      for (Node* node = table.WalkBucket(at); node != nullptr; node = node->next) ++met[node->name];
    }
    CHECK(met.size() == model.size());
    for (const auto& [name, times] : met) CHECK(times == 1);
    size_t visited = 0;
    table.ForEach([&](const Node& node) {
      ++visited;
      CHECK(model.contains(node.name));
    });
    CHECK(visited == model.size());
    while (!model.empty()) {
      table.Remove(model.begin()->second.get());
      model.erase(model.begin());
    }
    CHECK(table.buckets() == 0);
  }
}

TEST_CASE("a walk over a chain table meets what stays, while others come and go") {
  const auto seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 40; ++round) {
    ChainTable<Node> table;
    std::vector<std::unique_ptr<Node>> stay, others;
    const auto add = [&](std::vector<std::unique_ptr<Node>>& nodes) {
      const int name = static_cast<int>(stay.size() + others.size());
      nodes.push_back(std::make_unique<Node>(Node{nullptr, static_cast<uint32_t>(random()), name}));
      table.Insert(nodes.back().get());
    };
    for (size_t left = random() % 300; left > 0; --left) add(stay);
    for (size_t left = random() % 3000; left > 0; --left) add(others);
    const bool growing = round % 2 == 0;
    std::set<const Node*> met;
    for (uint64_t at = 0; at < ChainTable<Node>::kWalkEnd;) {
      for (const Node* node = table.WalkBucket(at); node != nullptr; node = node->next) met.insert(node);
      at = table.WalkNext(at);
      for (size_t left = random() % 5; left > 0; --left) {
        if (growing && others.size() < 5000) {
          add(others);
        } else if (!growing && !others.empty()) {
          table.Remove(others.back().get());
          others.pop_back();
        }
      }
    }
    for (const auto& node : stay) REQUIRE(met.contains(node.get()));
    table.CheckInvariants();
  }
}

}  // namespace
}  // namespace corral::storage
