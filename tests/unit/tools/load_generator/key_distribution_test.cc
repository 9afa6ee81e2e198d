// The samplers against the exact probabilities of their distributions.
#include "tools/load_generator/key_distribution.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace corral::load_generator {
namespace {

// Pearson's statistic over the keys, those too rare to judge alone taken together.
struct ChiSquare {
  double statistic = 0;
  int cells = 0;

  void Add(double seen, double expected) {
    statistic += (seen - expected) * (seen - expected) / expected;
    ++cells;
  }

  // How many standard deviations above its mean the statistic is; over 5 is no accident.
  double Surprise() const { return (statistic - (cells - 1)) / std::sqrt(2.0 * (cells - 1)); }
};

double SurpriseOf(std::uint64_t keys, double skew, std::uint64_t seed) {
  constexpr int kDraws = 400'000;
  constexpr double kRare = 20;
  const KeyDistribution distribution(keys, skew);
  Random random(seed);
  std::vector<double> seen(keys);
  for (int draw = 0; draw < kDraws; ++draw) ++seen.at(distribution.Next(random));
  double sum = 0;
  for (std::uint64_t key = 0; key < keys; ++key) sum += std::pow(static_cast<double>(key + 1), -skew);
  ChiSquare chi_square;
  double rare_seen = 0;
  double rare_expected = 0;
  for (std::uint64_t key = 0; key < keys; ++key) {
    rare_seen += seen[key];
    rare_expected += kDraws * std::pow(static_cast<double>(key + 1), -skew) / sum;
    if (rare_expected < kRare) continue;
    chi_square.Add(rare_seen, rare_expected);
    rare_seen = rare_expected = 0;
  }
  if (rare_expected > 0) chi_square.Add(rare_seen + 1e-9, rare_expected);
  return chi_square.cells > 1 ? chi_square.Surprise() : 0;
}

TEST_CASE("keys come as often as the distribution says") {
  for (const double skew : {0.0, 0.2, 0.75, 0.99, 1.0, 1.01, 1.5, 3.0, 10.0}) {
    for (const std::uint64_t keys : {1, 2, 3, 10, 1000, 100'000}) {
      CAPTURE(skew);
      CAPTURE(keys);
      CHECK(SurpriseOf(keys, skew, 11) < 5);
    }
  }
}

TEST_CASE("distribution texts") {
  double skew = -1;
  CHECK(ParseDistribution("uniform", &skew).empty());
  CHECK(skew == 0);
  CHECK(ParseDistribution("zipf:0.99", &skew).empty());
  CHECK(skew == 0.99);
  for (const char* wrong :
       {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "zipf:11", "zipf:1x", "Uniform"}) {
    CAPTURE(wrong);
    CHECK(!ParseDistribution(wrong, &skew).empty());
  }
}

}  // namespace
}  // namespace corral::load_generator
