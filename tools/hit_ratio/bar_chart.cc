#include "tools/hit_ratio/bar_chart.h"

#include <fmt/format.h>

#include <fstream>

namespace corral::hit_ratio {

namespace {

constexpr int kBarWidth = 14;
constexpr int kGroupGap = 24;
constexpr int kLeft = 50;
constexpr int kTop = 40;
constexpr int kHeight = 300;
constexpr int kLegendLine = 18;
constexpr const char* kColours[] = {"#444444", "#9e9e9e", "#1f77b4", "#d62728", "#bcbd22",
                                    "#17becf", "#9467bd", "#ff7f0e", "#2ca02c", "#8c564b"};

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Text(int x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     Escape(text));
}

double YOf(double percent) { return kTop + kHeight * (1 - percent / 100); }

std::string Axis(int width) {
  std::string svg;
  for (int percent = 0; percent <= 100; percent += 20) {
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", kLeft,
                       width - 10, YOf(percent), YOf(percent));
    svg += Text(kLeft - 6, YOf(percent) + 4, "end", std::to_string(percent));
  }
  return svg;
}

}  // namespace

bool WriteSvg(const BarChart& chart, const std::string& path) {
  const int group_width = static_cast<int>(chart.series.size()) * kBarWidth;
  const int width = kLeft + 10 + static_cast<int>(chart.groups.size()) * (group_width + kGroupGap);
  const int legend_top = kTop + kHeight + 40;
  const int height = legend_top + static_cast<int>(chart.series.size()) * kLegendLine + 10;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      width, height);
  svg += Text(kLeft, kTop - 16, "start", chart.title) + Axis(width);
  int x = kLeft + kGroupGap / 2;
  for (const BarChart::Group& group : chart.groups) {
    svg += Text(x + group_width / 2, kTop + kHeight + 18, "middle", group.name);
    for (size_t i = 0; i < group.values.size(); ++i) {
      const double y = YOf(group.values[i]);
      svg += fmt::format(
          "<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" fill=\"{}\"><title>{} {}: {:.2f}</title></rect>\n",
          x + static_cast<int>(i) * kBarWidth, y, kBarWidth - 2, kTop + kHeight - y,
          kColours[i % std::size(kColours)], Escape(group.name), Escape(chart.series[i]), group.values[i]);
    }
    x += group_width + kGroupGap;
  }
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const int y = legend_top + static_cast<int>(i) * kLegendLine;
    svg += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n", kLeft, y,
                       kColours[i % std::size(kColours)]);
    svg += Text(kLeft + 20, y + 10, "start", chart.series[i]);
  }
  std::ofstream file(path);
  file << svg << "</svg>\n";
  return file.good();
}

}  // namespace corral::hit_ratio
