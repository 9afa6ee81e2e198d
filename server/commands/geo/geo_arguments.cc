// Numbers, points and units among the arguments of the geo family.
#include "server/commands/geo/geo_arguments.h"

#include <cstdio>
#include <string>

namespace corral::commands {

bool ReadPoint(command::Context& ctx, size_t i, storage::GeoPoint* point) {
  if (!ReadDouble(ctx, i, &point->longitude) || !ReadDouble(ctx, i + 1, &point->latitude)) return false;
  if (storage::IsOnGeoMap(*point)) return true;
  // std::to_string prints six decimals, as the error has them.
  ctx.reply.Error("ERR invalid longitude,latitude pair " + std::to_string(point->longitude) + "," +
                  std::to_string(point->latitude));
  return false;
}

bool ReadUnit(command::Context& ctx, size_t i, double* meters) {
  if (ctx.Is(i, "M")) {
    *meters = 1;
  } else if (ctx.Is(i, "KM")) {
    *meters = 1000;
  } else if (ctx.Is(i, "FT")) {
    *meters = 0.3048;
  } else if (ctx.Is(i, "MI")) {
    *meters = 1609.34;
  } else {
    ctx.reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
  }
  return true;
}

void ReplyDistance(protocol::ReplyWriter& reply, double length) {
  char text[64];  // half of the earth's circumference in the smallest unit has 8 digits before the point
  const int size = snprintf(text, sizeof text, "%.4f", length);
  reply.Bulk({text, static_cast<size_t>(size)});
}

void ReplyPoint(protocol::ReplyWriter& reply, const storage::GeoPoint& point) {
  reply.Array(2);
  for (const double coordinate : {point.longitude, point.latitude}) {
    const std::string text = storage::FormatLongDouble(coordinate);
    if (reply.version() == protocol::Version::kResp3) {
      reply.Raw("," + text + "\r\n");
    } else {
      reply.Bulk(text);
    }
  }
}

}  // namespace corral::commands
