#include "tools/load_generator/value_sizes.h"

#include <algorithm>

#include <fmt/format.h>

#include "tools/load_generator/argument_text.h"

namespace corral::load_generator {
namespace {

constexpr std::uint64_t kLargestWeight = 1'000'000;

}  // namespace

std::string ValueSizes::Parse(std::string_view text) {
  std::vector<Part> parts;
  std::uint64_t weight_sum = 0;
  for (const std::string_view item : Split(text, ',')) {
    const auto [size, weight_text] = Cut(item, ':');
    const auto [low_text, high_text] = Cut(size, '-');
    Part part{};
    std::uint64_t weight = 1;
    bool good = ParseNumber(low_text, &part.low);
    part.high = part.low;
    if (size.size() > low_text.size()) good = good && ParseNumber(high_text, &part.high);
    if (item.size() > size.size()) good = good && ParseNumber(weight_text, &weight);
    if (!good || part.low > part.high || part.high > kLargest || weight == 0 || weight > kLargestWeight) {
      return fmt::format(
          "'{}' is not SIZE[:WEIGHT] or LOW-HIGH[:WEIGHT] with sizes in bytes up to {}, for example 32 or 1-4096 or 32:90,1024:9,65536:1",
          item, kLargest);
    }
    weight_sum += weight;
    part.weight_upto = weight_sum;
    parts.push_back(part);
  }
  parts_ = std::move(parts);
  return {};
}

std::uint64_t ValueSizes::Next(Random& random) const {
  const Part* part = parts_.data();
  if (parts_.size() > 1) {
    const std::uint64_t pick = random.Below(parts_.back().weight_upto);
    while (pick >= part->weight_upto) ++part;
  }
  return part->low == part->high ? part->low : part->low + random.Below(part->high - part->low + 1);
}

std::uint64_t ValueSizes::Smallest() const { return std::ranges::min_element(parts_, {}, &Part::low)->low; }

std::uint64_t ValueSizes::Largest() const { return std::ranges::max_element(parts_, {}, &Part::high)->high; }

}  // namespace corral::load_generator
