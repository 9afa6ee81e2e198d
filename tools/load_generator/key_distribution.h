// Which key the next request asks for: uniform or Zipf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/load_generator/random.h"

namespace corral::load_generator {

// Draws key numbers in [0, keys), number 0 being the most popular one. The Zipf probability of number i is
// proportional to 1 / (i + 1)^skew for any skew >= 0, drawn in O(1) time and memory by rejection-inversion:
// W. Hoermann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", ACM Transactions on Modeling and Computer Simulation 6(3), 1996.
class KeyDistribution {
 public:
  // keys > 0; skew 0 is uniform.
  KeyDistribution(std::uint64_t keys, double skew);

  std::uint64_t Next(Random& random) const;

 private:
  double Area(double x) const;         // integral of Density, up to a constant
  double InverseArea(double a) const;  // the x whose Area is a
  double Density(double x) const;      // x^-skew

  std::uint64_t keys_;
  double skew_;
  double area_first_;
  double area_last_;
  double accept_distance_;
};

// Reads `uniform` or `zipf:SKEW` (0 < SKEW <= 10) into a skew; answers what is wrong, or nothing.
[[nodiscard]] std::string ParseDistribution(std::string_view text, double* skew);

}  // namespace corral::load_generator
