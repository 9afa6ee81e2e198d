// Numbers, points and units among the arguments of the geo family.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/command/context.h"
#include "storage/base/geo_hash.h"
#include "storage/base/number.h"

namespace corral::commands {

// All answer a mistake and return false then.

inline bool ReadDouble(command::Context& ctx, size_t i, double* value,
                       std::string_view error = protocol::wire::kNotFloat) {
  if (storage::ParseDouble(ctx[i], value)) return true;
  ctx.reply.Error(error);
  return false;
}

// A longitude and a latitude.
bool ReadPoint(command::Context& ctx, size_t i, storage::GeoPoint* point);

// A unit of length, in meters.
bool ReadUnit(command::Context& ctx, size_t i, double* meters);

// A length as these commands reply with it: four decimals, as text in both protocols.
void ReplyDistance(protocol::ReplyWriter& reply, double length);
// A point as two numbers of INCRBYFLOAT's form.
void ReplyPoint(protocol::ReplyWriter& reply, const storage::GeoPoint& point);

}  // namespace corral::commands
