// A grouped bar chart as SVG.
#pragma once

#include <string>
#include <vector>

namespace corral::hit_ratio {

struct BarChart {
  struct Group {
    std::string name;
    std::vector<double> values;  // 0 to 100, one per series
  };
  std::string title;
  std::vector<std::string> series;
  std::vector<Group> groups;
};

// False when the file cannot be written.
bool WriteSvg(const BarChart& chart, const std::string& path);

}  // namespace corral::hit_ratio
