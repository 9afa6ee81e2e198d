// The histogram's quantiles against exact ones.
#include "tools/load_generator/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/load_generator/random.h"

namespace corral::load_generator {
namespace {

constexpr double kQuantiles[] = {0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

TEST_CASE("quantiles of any magnitude are within three significant digits, never below the exact one") {
  constexpr std::uint64_t kSeed = 7;
  INFO("seed " << kSeed);
  Random random(kSeed);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int count = 0; count < 200'000; ++count) {
    // Evenly over the magnitudes from 1 ns to 73 minutes.
    const auto value = static_cast<std::uint64_t>(std::exp2(random.Fraction() * 41.9));
    values.push_back(value);
    histogram.Record(value);
  }
  std::ranges::sort(values);
  CHECK(histogram.Count() == values.size());
  CHECK(histogram.Max() == values.back());
  for (const double quantile : kQuantiles) {
    CAPTURE(quantile);
    const auto rank =
        static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size()) - 1e-6));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    CHECK(histogram.ValueAt(quantile) >= exact);
    CHECK(static_cast<double>(histogram.ValueAt(quantile)) <= static_cast<double>(exact) * (1 + 1.0 / 1024));
  }
}

TEST_CASE("a quantile counts ranks exactly") {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  CHECK(histogram.ValueAt(0.5) == 500);
  CHECK(histogram.ValueAt(0.99) == 990);
  CHECK(histogram.ValueAt(0.999) == 999);
  CHECK(histogram.ValueAt(1) == 1000);
  CHECK(histogram.ValueAt(0) == 1);
}

TEST_CASE("the edges of the buckets and of the range") {
  CHECK(Histogram().ValueAt(0.99) == 0);
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2047}, std::uint64_t{2048}, std::uint64_t{2049},
        std::uint64_t{4095}, std::uint64_t{4096}, std::uint64_t{1'000'000'000}, Histogram::kLimit}) {
    CAPTURE(value);
    Histogram histogram;
    histogram.Record(value);
    CHECK(histogram.ValueAt(0.5) == value);
  }
  Histogram histogram;
  histogram.Record(UINT64_MAX);
  CHECK(histogram.Max() == Histogram::kLimit);
  CHECK(histogram.ValueAt(1) == Histogram::kLimit);
}

}  // namespace
}  // namespace corral::load_generator
