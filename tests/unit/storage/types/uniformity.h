// Whether draws are uniform: the chi-square test for choices out of n.
#pragma once

#include <cmath>
#include <cstddef>
#include <map>
#include <string>

namespace corral::storage {

// `times` says how often each of `choices` equally likely names was drawn, out of `draws`. False when the
// statistic is more than five standard deviations above its mean, which chance does less than once in a
// million times.
inline bool LooksUniform(const std::map<std::string, size_t>& times, size_t choices, size_t draws) {
  if (times.size() > choices) return false;
  const double expected = static_cast<double>(draws) / static_cast<double>(choices);
  double chi_square = expected * static_cast<double>(choices - times.size());
  for (const auto& [name, count] : times) {
    const double off = static_cast<double>(count) - expected;
    chi_square += off * off / expected;
  }
  const auto freedom = static_cast<double>(choices - 1);
  return chi_square < freedom + 5 * std::sqrt(2 * freedom);
}

}  // namespace corral::storage
