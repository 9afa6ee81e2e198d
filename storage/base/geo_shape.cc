// Circles and boxes on the earth, and which cells of the map cover one.
#include "storage/base/geo_shape.h"

#include <algorithm>
#include <cmath>

namespace corral::storage {
namespace {

// The outermost coordinates of a shape. Its sides are measured at the parallel nearer to a pole, where a
// degree of longitude is shortest.
GeoArea BoundsOf(const GeoShape& shape) {
  const GeoPoint& center = shape.center;
  const double height = shape.unit_meters * (shape.is_box ? shape.height / 2 : shape.radius);
  const double width = shape.unit_meters * (shape.is_box ? shape.width / 2 : shape.radius);
  const double north = Degrees(height / kEarthRadiusMeters);
  const double parallel = center.latitude < 0 ? center.latitude - north : center.latitude + north;
  const double east = Degrees(width / kEarthRadiusMeters / std::cos(Radians(parallel)));
  return {.west = center.longitude - east,
          .east = center.longitude + east,
          .south = center.latitude - north,
          .north = center.latitude + north};
}

// How often the map may be halved so that a cell and its neighbours cover the length all around.
int StepsFor(double meters, double latitude) {
  constexpr double kHalfMap = 20037726.37;  // of the map at the equator, in meters
  if (meters == 0) return GeoCell::kMostSteps;
  int step = 1;
  for (; meters < kHalfMap; meters *= 2) ++step;
  step -= 2;
  // Towards the poles cells get narrow.
  const double from_equator = std::fabs(latitude);
  if (from_equator > 66) --step;
  if (from_equator > 80) --step;
  return std::clamp(step, 1, GeoCell::kMostSteps);
}

bool NeighborsReach(const GeoCell& cell, const GeoArea& bounds) {
  return AreaOf(cell.Neighbor(0, 1)).north >= bounds.north &&
         AreaOf(cell.Neighbor(0, -1)).south <= bounds.south &&
         AreaOf(cell.Neighbor(1, 0)).east >= bounds.east && AreaOf(cell.Neighbor(-1, 0)).west <= bounds.west;
}

}  // namespace

std::optional<double> GeoShape::DistanceInside(const GeoPoint& point) const {
  if (is_box) {
    if (GeoLatitudeDistance(point.latitude, center.latitude) > height * unit_meters / 2) return std::nullopt;
    const double along = GeoDistance(point, {center.longitude, point.latitude});
    if (along > width * unit_meters / 2) return std::nullopt;
    return GeoDistance(center, point);
  }
  const double distance = GeoDistance(center, point);
  if (distance > radius * unit_meters) return std::nullopt;
  return distance;
}

std::array<GeoCell, 9> CellsAround(const GeoShape& shape) {
  struct Offset {
    int east, north;
  };
  constexpr Offset kOffsets[] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                                 {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  const double reach =
      shape.is_box
          ? std::sqrt((shape.width / 2) * (shape.width / 2) + (shape.height / 2) * (shape.height / 2))
          : shape.radius;
  const GeoArea bounds = BoundsOf(shape);
  GeoCell middle = CellOf(shape.center, StepsFor(reach * shape.unit_meters, shape.center.latitude));
  if (middle.step > 1 && !NeighborsReach(middle, bounds)) middle = CellOf(shape.center, middle.step - 1);
  const GeoArea area = AreaOf(middle);
  // At the first step the neighbours are each other's.
  const bool leave_out = middle.step >= 2;
  std::array<GeoCell, 9> cells;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto [east, north] = kOffsets[i];
    const bool beyond = (north < 0 && area.south < bounds.south) ||
                        (north > 0 && area.north > bounds.north) || (east < 0 && area.west < bounds.west) ||
                        (east > 0 && area.east > bounds.east);
    if (!leave_out || !beyond) cells[i] = middle.Neighbor(east, north);
  }
  return cells;
}

}  // namespace corral::storage
