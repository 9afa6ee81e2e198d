// How long the values written are: a weighted mix of fixed sizes and ranges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load_generator/random.h"

namespace corral::load_generator {

// Sizes in bytes, 0 to kLargest.
class ValueSizes {
 public:
  static constexpr std::uint64_t kLargest = 64 << 20;

  // Reads `SIZE[:WEIGHT],...` where SIZE is a number or a range `LOW-HIGH` of equally likely ones, for
  // example `32`, `1-4096` or `32:90,1024:9,65536:1`. Answers what is wrong, or nothing.
  [[nodiscard]] std::string Parse(std::string_view text);

  std::uint64_t Next(Random& random) const;
  std::uint64_t Smallest() const;
  std::uint64_t Largest() const;

 private:
  struct Part {
    std::uint64_t low;
    std::uint64_t high;
    std::uint64_t weight_upto;  // sum of the weights of the parts up to and including this one
  };

  std::vector<Part> parts_ = {{32, 32, 1}};
};

}  // namespace corral::load_generator
