#include "tools/load_generator/key_distribution.h"

#include <algorithm>
#include <cmath>

#include "tools/load_generator/argument_text.h"

namespace corral::load_generator {
namespace {

constexpr double kTiny = 1e-8;

// log(1 + x) / x and (exp(x) - 1) / x, continued through x = 0: they make skew 1 an ordinary case.
double LogRatio(double x) { return std::abs(x) > kTiny ? std::log1p(x) / x : 1 - x / 2; }
double ExpRatio(double x) { return std::abs(x) > kTiny ? std::expm1(x) / x : 1 + x / 2; }

}  // namespace

KeyDistribution::KeyDistribution(std::uint64_t keys, double skew) : keys_(keys), skew_(skew) {
  area_first_ = Area(1.5) - 1;
  area_last_ = Area(static_cast<double>(keys) + 0.5);
  accept_distance_ = 2 - InverseArea(Area(2.5) - Density(2));
}

std::uint64_t KeyDistribution::Next(Random& random) const {
  if (skew_ == 0) return random.Below(keys_);
  while (true) {
    const double area = area_last_ + random.Fraction() * (area_first_ - area_last_);
    const double x = InverseArea(area);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(keys_));
    if (rank - x <= accept_distance_ || area >= Area(rank + 0.5) - Density(rank)) {
      return static_cast<std::uint64_t>(rank) - 1;
    }
  }
}

double KeyDistribution::Area(double x) const {
  const double log_x = std::log(x);
  return ExpRatio((1 - skew_) * log_x) * log_x;
}

double KeyDistribution::InverseArea(double a) const {
  // Rounding may step just below the pole at -1.
  const double scaled = std::max(-1.0, a * (1 - skew_));
  return std::exp(LogRatio(scaled) * a);
}

double KeyDistribution::Density(double x) const { return std::exp(-skew_ * std::log(x)); }

std::string ParseDistribution(std::string_view text, double* skew) {
  const std::string_view prefix = "zipf:";
  if (text == "uniform") {
    *skew = 0;
    return {};
  }
  if (text.starts_with(prefix)) {
    if (ParseNumber(text.substr(prefix.size()), skew) && *skew > 0 && *skew <= 10) return {};
  }
  return "must be uniform or zipf:SKEW with a skew above 0 and up to 10, for example zipf:0.99";
}

}  // namespace corral::load_generator
