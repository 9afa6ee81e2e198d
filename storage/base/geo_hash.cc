// Points on the earth as sorted sets keep them: interleaved coordinates in 52 bits, and distances.
#include "storage/base/geo_hash.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace corral::storage {
namespace {

constexpr uint64_t kEvenBits = 0x5555'5555'5555'5555;  // the latitude's
constexpr uint64_t kOddBits = kEvenBits << 1;

// Puts a zero above each bit.
uint64_t Spread(uint32_t value) {
  uint64_t bits = value;
  bits = (bits | bits << 16) & 0x0000'ffff'0000'ffff;
  bits = (bits | bits << 8) & 0x00ff'00ff'00ff'00ff;
  bits = (bits | bits << 4) & 0x0f0f'0f0f'0f0f'0f0f;
  bits = (bits | bits << 2) & 0x3333'3333'3333'3333;
  return (bits | bits << 1) & kEvenBits;
}

// The reverse: every other bit.
uint32_t Gather(uint64_t bits) {
  bits &= kEvenBits;
  bits = (bits | bits >> 1) & 0x3333'3333'3333'3333;
  bits = (bits | bits >> 2) & 0x0f0f'0f0f'0f0f'0f0f;
  bits = (bits | bits >> 4) & 0x00ff'00ff'00ff'00ff;
  bits = (bits | bits >> 8) & 0x0000'ffff'0000'ffff;
  return static_cast<uint32_t>(bits | bits >> 16);
}

// Where a coordinate lies between -most and most, as a number of `step` bits; the upper end has one more.
uint32_t Column(double coordinate, double most, int step) {
  double part = (coordinate + most) / (most + most);
  part *= static_cast<double>(uint64_t{1} << step);
  return static_cast<uint32_t>(part);
}

double Edge(uint64_t column, double most, int step) {
  const double part = static_cast<double>(column) / static_cast<double>(uint64_t{1} << step);
  return -most + part * (most + most);
}

GeoCell Encode(const GeoPoint& point, double most_latitude, int step) {
  const uint64_t north = Spread(Column(point.latitude, most_latitude, step));
  return {north | Spread(Column(point.longitude, kMaxLongitude, step)) << 1, step};
}

// One more or one less in the bits of one coordinate, whose carry runs through those of the other.
uint64_t Step(uint64_t bits, uint64_t own, int direction, int step) {
  const uint64_t others = ~own >> (64 - 2 * step);
  uint64_t mine = bits & own;
  if (direction > 0) {
    mine += others + 1;
  } else if (direction < 0) {
    mine = (mine | others) - (others + 1);
  }
  return (mine & (own >> (64 - 2 * step))) | (bits & ~own);
}

}  // namespace

GeoCell GeoCell::Neighbor(int east, int north) const {
  GeoCell cell = *this;
  if (east != 0) cell.bits = Step(cell.bits, kOddBits, east, step);
  if (north != 0) cell.bits = Step(cell.bits, kEvenBits, north, step);
  return cell;
}

GeoCell CellOf(const GeoPoint& point, int step) { return Encode(point, kMaxLatitude, step); }

GeoArea AreaOf(const GeoCell& cell) {
  const uint64_t column = Gather(cell.bits >> 1), row = Gather(cell.bits);
  return {.west = Edge(column, kMaxLongitude, cell.step),
          .east = Edge(column + 1, kMaxLongitude, cell.step),
          .south = Edge(row, kMaxLatitude, cell.step),
          .north = Edge(row + 1, kMaxLatitude, cell.step)};
}

uint64_t GeoBitsOf(double score) {
  constexpr double kHalf = 0x1p63;
  constexpr uint64_t kHighest = uint64_t{1} << 63;
  if (std::isnan(score) || score < -kHalf) return kHighest;
  if (score < kHalf) return static_cast<uint64_t>(static_cast<int64_t>(score));
  return score < 2 * kHalf ? static_cast<uint64_t>(score) : 0;
}

GeoPoint GeoPointOf(double score) {
  const GeoArea area = AreaOf({GeoBitsOf(score), GeoCell::kMostSteps});
  return {std::clamp((area.west + area.east) / 2, -kMaxLongitude, kMaxLongitude),
          std::clamp((area.south + area.north) / 2, -kMaxLatitude, kMaxLatitude)};
}

std::array<char, 11> GeoTextOf(const GeoPoint& point) {
  constexpr char kLetters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const uint64_t bits = Encode(point, 90, GeoCell::kMostSteps).bits;
  std::array<char, 11> text;
  for (size_t i = 0; i < text.size(); ++i) {
    text[i] = i < 10 ? kLetters[bits >> (52 - 5 * (i + 1)) & 31] : kLetters[0];
  }
  return text;
}

double GeoLatitudeDistance(double latitude, double other) {
  return kEarthRadiusMeters * std::fabs(Radians(latitude) - Radians(other));
}

double GeoDistance(const GeoPoint& a, const GeoPoint& b) {
  const double v = std::sin((Radians(b.longitude) - Radians(a.longitude)) / 2);
  if (v == 0.0) return GeoLatitudeDistance(a.latitude, b.latitude);
  const double from = Radians(a.latitude), to = Radians(b.latitude);
  const double u = std::sin((to - from) / 2);
  const double chord = u * u + std::cos(from) * std::cos(to) * v * v;
  return 2.0 * kEarthRadiusMeters * std::asin(std::sqrt(chord));
}

}  // namespace corral::storage
