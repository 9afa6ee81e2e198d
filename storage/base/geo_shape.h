// Circles and boxes on the earth, and which cells of the map cover one.
#pragma once

#include <array>
#include <optional>

#include "storage/base/geo_hash.h"

namespace corral::storage {

// What GEOSEARCH looks in: a circle, or a box whose sides follow the parallels and meridians.
struct GeoShape {
  GeoPoint center;
  double unit_meters = 1;  // of the lengths below
  bool is_box = false;
  double radius = 0;             // of a circle
  double width = 0, height = 0;  // of a box

  // Meters from the center to a point that is inside; nothing for one outside.
  std::optional<double> DistanceInside(const GeoPoint& point) const;
};

// Up to nine cells in which every point of the shape lies, as Redis chooses them and in its order; those that
// are not needed have step 0. Around a narrow map (few steps) one cell may stand there several times.
std::array<GeoCell, 9> CellsAround(const GeoShape& shape);

}  // namespace corral::storage
