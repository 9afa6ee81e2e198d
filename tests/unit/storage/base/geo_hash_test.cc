// Points as 52 bits, and the cells around a shape against every point on the map.
#include "storage/base/geo_hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "storage/base/geo_shape.h"
#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

GeoPoint RandomPoint(Random& random) {
  return {(random.NextDouble() * 2 - 1) * kMaxLongitude, (random.NextDouble() * 2 - 1) * kMaxLatitude};
}

TEST_CASE("a point is found again by its score, less than a meter away") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const GeoPoint point = RandomPoint(random);
    const auto score = static_cast<double>(GeoScoreOf(point));
    const GeoPoint again = GeoPointOf(score);
    REQUIRE(GeoDistance(point, again) < 1);
    REQUIRE(static_cast<double>(GeoScoreOf(again)) == score);
    const GeoArea area = AreaOf(CellOf(point, 1 + static_cast<int>(random.Below(26))));
    REQUIRE(area.west <= point.longitude);
    REQUIRE(area.east >= point.longitude);
    REQUIRE(area.south <= point.latitude);
    REQUIRE(area.north >= point.latitude);
  }
}

TEST_CASE("any score is a point on the map") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double score : {0.0, -1.0, 1e300, -1e300, kInfinity, -kInfinity, 0x1p52, 0x1p63, 0x1p64, 1.5}) {
    CAPTURE(score);
    CHECK(IsOnGeoMap(GeoPointOf(score)));
  }
  CHECK(GeoBitsOf(-1) == ~uint64_t{0});
  CHECK(GeoBitsOf(0x1p63) == uint64_t{1} << 63);
  CHECK(GeoBitsOf(kInfinity) == 0);
  CHECK(GeoBitsOf(-kInfinity) == uint64_t{1} << 63);
}

TEST_CASE("neighbours adjoin, and go around the map") {
  const GeoCell cell = CellOf({12, 34}, 8);
  CHECK(AreaOf(cell.Neighbor(1, 0)).west == AreaOf(cell).east);
  CHECK(AreaOf(cell.Neighbor(0, -1)).north == AreaOf(cell).south);
  CHECK(cell.Neighbor(1, 1).Neighbor(-1, -1) == cell);
  const GeoCell last = CellOf({179.999, 0}, 8);
  CHECK(AreaOf(last.Neighbor(1, 0)).west == -180);
}

TEST_CASE("geohash texts") {
  const auto text = GeoTextOf({-5.6, 42.6});
  CHECK(std::string(text.data(), 10) == "ezs42e44yx");
  CHECK(text[10] == '0');
}

// Within the map: a shape that reaches over a pole or the antimeridian is cut off by it, as in Redis.
TEST_CASE("every point of a shape lies in its cells") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    GeoShape shape;
    shape.center = {(random.NextDouble() * 2 - 1) * 90, (random.NextDouble() * 2 - 1) * 50};
    shape.is_box = random.Below(2) == 0;
    shape.radius = std::pow(10, 1 + random.NextDouble() * 5);
    shape.width = std::pow(10, 1 + random.NextDouble() * 5);
    shape.height = std::pow(10, 1 + random.NextDouble() * 5);
    const auto cells = CellsAround(shape);
    const double reach = (shape.is_box ? std::max(shape.width, shape.height) : 2 * shape.radius) / 111'000;
    for (int i = 0; i < 20; ++i) {
      const GeoPoint near{shape.center.longitude + (random.NextDouble() - 0.5) * reach,
                          shape.center.latitude + (random.NextDouble() - 0.5) * reach};
      if (!IsOnGeoMap(near) || !shape.DistanceInside(near)) continue;
      const uint64_t score = GeoScoreOf(near);
      bool covered = false;
      for (const GeoCell& cell : cells) {
        covered |= cell.step != 0 && score >= cell.first_score() && score < cell.end_score();
      }
      CAPTURE(round);
      REQUIRE(covered);
    }
  }
}

}  // namespace
}  // namespace corral::storage
