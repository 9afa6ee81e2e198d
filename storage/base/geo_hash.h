// Points on the earth as sorted sets keep them: interleaved coordinates in 52 bits, and distances.
// Redis's GEO commands (https://redis.io/commands/?group=geo); every result has Redis's bits, so the order of
// floating-point operations matters.
#pragma once

#include <array>
#include <cstdint>

namespace corral::storage {

struct GeoPoint {
  double longitude = 0, latitude = 0;  // degrees
};

// What can be kept: all longitudes, and latitudes up to where a square map of the world ends.
inline constexpr double kMaxLongitude = 180;
inline constexpr double kMaxLatitude = 85.05112878;
inline bool IsOnGeoMap(const GeoPoint& point) {
  return point.longitude >= -kMaxLongitude && point.longitude <= kMaxLongitude &&
         point.latitude >= -kMaxLatitude && point.latitude <= kMaxLatitude;
}

// A cell of the map, which is halved `step` times in both directions. The coordinates' bits alternate, that
// of the longitude above that of the latitude.
struct GeoCell {
  static constexpr int kMostSteps = 26;

  uint64_t bits = 0;
  int step = 0;  // 0: no cell

  bool operator==(const GeoCell&) const = default;
  // The cell so many columns to the east (1 or -1) and rows to the north; around the edges of the map.
  GeoCell Neighbor(int east, int north) const;
  // The scores of points in the cell are from the first one on, and below the second.
  uint64_t first_score() const { return bits << (2 * (kMostSteps - step)); }
  uint64_t end_score() const { return (bits + 1) << (2 * (kMostSteps - step)); }
};

struct GeoArea {
  double west = 0, east = 0, south = 0, north = 0;  // degrees
};

GeoCell CellOf(const GeoPoint& point, int step);  // of a point on the map
GeoArea AreaOf(const GeoCell& cell);

// The score that stands for a point: its cell after 26 steps.
inline uint64_t GeoScoreOf(const GeoPoint& point) { return CellOf(point, GeoCell::kMostSteps).bits; }
// Any score, one that stands for no point too, to its bits: as a conversion on x86-64 has them.
uint64_t GeoBitsOf(double score);
// The middle of the cell, on the map for any score.
GeoPoint GeoPointOf(double score);

// The usual text of a point (https://en.wikipedia.org/wiki/Geohash), of which latitudes reach the poles.
// 52 bits are ten letters; the last one is always 0.
std::array<char, 11> GeoTextOf(const GeoPoint& point);

// Meters along a great circle of a round earth; along a meridian without the loss of precision of sines.
double GeoDistance(const GeoPoint& a, const GeoPoint& b);
double GeoLatitudeDistance(double latitude, double other);

inline constexpr double kEarthRadiusMeters = 6372797.560856;
inline constexpr double kRadiansPerDegree = 3.14159265358979323846 / 180.0;
inline double Radians(double degrees) { return degrees * kRadiansPerDegree; }
inline double Degrees(double radians) { return radians / kRadiansPerDegree; }

}  // namespace corral::storage
