#include "storage/types/counted_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "storage/base/random.h"

namespace corral::storage {
namespace {

struct Number {
  uint64_t value;
  uint32_t weight = 1;
};

// Ordered by value, of which the prefix is a coarse part: many share one.
struct Numbers {
  using Item = Number*;
  static uint32_t Prefix(const Number* item) { return static_cast<uint32_t>(item->value / 100); }
};
using Tree = CountedTree<Numbers>;

Tree::Iterator Find(const Tree& tree, uint64_t value) {
  return tree.LowerBound(static_cast<uint32_t>(value / 100),
                         [&](const Number* item) { return item->value < value; });
}

void Check(const Tree& tree) {
  tree.CheckInvariants([](const Number* a, const Number* b) { return a->value < b->value; });
}

TEST_CASE("an empty tree finds nothing and can be filled, emptied and filled again") {
  Tree tree;
  CHECK(tree.empty());
  CHECK(tree.begin() == tree.end());
  CHECK(Find(tree, 7) == tree.end());
  CHECK(tree.At(0) == tree.end());
  CHECK(tree.Rank(tree.end()) == 0);
  Number number{5};
  for (int round = 0; round < 2; ++round) {
    tree.Insert(tree.end(), &number);
    CHECK(*tree.begin() == &number);
    CHECK(tree.weight() == 1);
    const auto behind = tree.Erase(tree.begin());
    CHECK(behind == tree.end());
    CHECK(tree.empty());
    CHECK(tree.allocated_bytes() == 0);
    Check(tree);
  }
}

TEST_CASE("appended items fill the leaves") {
  std::vector<Number> numbers(40 * 1000);
  Tree tree;
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i].value = i;
    tree.Insert(tree.end(), &numbers[i]);
  }
  Check(tree);
  CHECK(tree.allocated_bytes() < numbers.size() * 14);
}

// Against a sorted vector: every position, order and rank after random changes, with a bias that makes the
// tree grow for a while and shrink for a while.
TEST_CASE("random changes leave what a sorted vector has") {
  Random random(20);
  for (const uint64_t space : {uint64_t{50}, uint64_t{3000}, uint64_t{200'000}}) {
    Tree tree;
    std::vector<Number*> model;
    for (int step = 0; step < 60'000; ++step) {
      const uint64_t value = random.Below(space);
      const bool growing = step / 15'000 % 2 == 0;
      const auto place = std::lower_bound(model.begin(), model.end(), value,
                                          [](const Number* a, uint64_t b) { return a->value < b; });
      const auto rank = static_cast<uint64_t>(place - model.begin());
      const auto found = Find(tree, value);
      REQUIRE(tree.Rank(found) == rank);
      REQUIRE((found == tree.end()) == (place == model.end()));
      if (place == model.end() || (*place)->value != value) {
        if (!growing && random.Below(4) != 0) continue;
        auto* item = new Number{value};
        REQUIRE(*tree.Insert(found, item) == item);
        model.insert(place, item);
      } else if (!growing || random.Below(4) == 0) {
        const Number* erased = *found;
        const auto next = tree.Erase(found);
        delete erased;
        const auto behind = model.erase(place);
        REQUIRE((next == tree.end()) == (behind == model.end()));
        if (behind != model.end()) REQUIRE(*next == *behind);
      }
      if (step % 1000 == 0) Check(tree);
    }
    REQUIRE(tree.weight() == model.size());
    size_t i = 0;
    for (auto at = tree.begin(); at != tree.end(); ++at, ++i) {
      REQUIRE(*at == model[i]);
      REQUIRE(*tree.At(i) == model[i]);
    }
    REQUIRE(i == model.size());
    for (auto at = tree.end(); at != tree.begin();) {
      --at;
      REQUIRE(*at == model[--i]);
    }
    for (; !tree.empty(); model.pop_back()) {
      tree.Erase(--tree.end());
      delete model.back();
    }
    CHECK(tree.allocated_bytes() == 0);
  }
}

TEST_CASE("erased from the front, and by ranges, until nothing is left") {
  std::vector<Number> numbers(20'000);
  for (const size_t first : {size_t{0}, size_t{7'000}}) {
    Tree tree;
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i].value = i;
      tree.Insert(tree.end(), &numbers[i]);
    }
    auto at = tree.At(first);
    for (size_t i = first; i < numbers.size(); ++i) {
      REQUIRE(*at == &numbers[i]);
      at = tree.Erase(at);
      if (i % 500 == 0) Check(tree);
    }
    CHECK(at == tree.end());
    CHECK(tree.weight() == first);
    Check(tree);
  }
}

struct Weights {
  using Item = Number*;
  static uint32_t Weight(const Number* item) { return item->weight; }
};

TEST_CASE("weights make an item hold several ranks") {
  Random random(21);
  std::vector<std::unique_ptr<Number>> numbers;
  CountedTree<Weights> tree;
  const auto place_of = [&](size_t index) {
    auto at = tree.begin();
    for (size_t i = 0; i < index; ++i) ++at;
    return at;
  };
  const auto check = [&] {
    tree.CheckInvariants([](const Number*, const Number*) { return true; });
    uint64_t rank = 0;
    auto place = tree.begin();
    for (const auto& number : numbers) {
      REQUIRE(tree.Rank(place) == rank);
      ++place;
      for (uint64_t i = 0; i < number->weight; ++i, ++rank) {
        uint64_t within = 99;
        REQUIRE(*tree.At(rank, &within) == number.get());
        REQUIRE(within == i);
      }
    }
    REQUIRE(tree.weight() == rank);
    REQUIRE(tree.At(rank) == tree.end());
  };
  for (int step = 0; step < 6000; ++step) {
    const size_t index = random.Below(numbers.size() + 1);
    const auto weight = static_cast<uint32_t>(1 + random.Below(20));
    const bool growing = step % 3000 < 2000;
    if (index == numbers.size() || random.Below(3) == 0) {
      if (!growing) continue;
      auto item = std::make_unique<Number>(Number{.value = 0, .weight = weight});
      tree.Insert(place_of(index), item.get());
      numbers.insert(numbers.begin() + static_cast<int64_t>(index), std::move(item));
    } else if (random.Below(2) == 0) {
      tree.Reweigh(place_of(index), uint64_t{weight} - numbers[index]->weight);
      numbers[index]->weight = weight;
    } else if (!growing) {
      tree.Erase(place_of(index));
      numbers.erase(numbers.begin() + static_cast<int64_t>(index));
    }
    if (step % 200 == 0) check();
  }
  check();
}

TEST_CASE("an item may move to another object") {
  std::vector<Number> numbers(500);
  Tree tree;
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i].value = i;
    tree.Insert(tree.end(), &numbers[i]);
  }
  std::vector<Number> moved = numbers;
  for (size_t i = 0; i < numbers.size(); ++i) {
    tree.Relocate(tree.At(i), &moved[i]);
    numbers[i].value = 0;
  }
  Check(tree);
  CHECK(*Find(tree, 321) == &moved[321]);
}

}  // namespace
}  // namespace corral::storage
