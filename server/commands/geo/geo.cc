// Points in sorted sets: adding them, where they are, and how far from each other.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/geo/geo_arguments.h"
#include "server/commands/zset_access.h"
#include "storage/base/geo_hash.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::EffectArgument;
using command::KeySpec;
using storage::GeoPoint;
using storage::ZaddOptions;
using storage::ZaddOutcome;
namespace events = command::events;

// What was added runs elsewhere as ZADD: the options, then scores and members.
void PropagateScores(Context& ctx, size_t first, std::span<const double> scores) {
  if (!ctx.propagates()) return;
  std::vector<EffectArgument> arguments{"zadd"};
  for (size_t i = 1; i < first; ++i) arguments.push_back(ctx[i]);
  for (size_t i = 0; i < scores.size(); ++i) {
    arguments.push_back(static_cast<int64_t>(scores[i]));
    arguments.push_back(ctx[first + 3 * i + 2]);
  }
  ctx.PropagateAs(arguments);
}

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
void GeoAdd(Context& ctx) {
  ZaddOptions options;
  bool count_changed = false;
  size_t first = 2;
  for (; first < ctx.size(); ++first) {
    bool* const option = ctx.Is(first, "NX")   ? &options.only_new
                         : ctx.Is(first, "XX") ? &options.only_present
                         : ctx.Is(first, "CH") ? &count_changed
                                               : nullptr;
    if (option == nullptr) break;
    *option = true;
  }
  const size_t points = (ctx.size() - first) / 3;
  if (points == 0 || (ctx.size() - first) % 3 != 0 || (options.only_new && options.only_present))
    return ctx.ReplySyntaxError();
  std::vector<double> scores;
  scores.reserve(points);
  for (size_t i = first; i < ctx.size(); i += 3) {
    GeoPoint point;
    if (!ReadPoint(ctx, i, &point)) return;
    scores.push_back(static_cast<double>(storage::GeoScoreOf(point)));
  }
  ZsetToChange zset(ctx, ctx.Key(1));
  if (zset.failed()) return;
  uint64_t added = 0, changed = 0;
  if (zset.exists() || !options.only_present) {
    if (!zset.exists()) zset.Begin();
    for (size_t i = 0; i < points; ++i) {
      double score = scores[i];
      const ZaddOutcome outcome = zset->Add(ctx[first + 3 * i + 2], &score, options);
      added += outcome == ZaddOutcome::kAdded;
      changed += outcome == ZaddOutcome::kChanged;
    }
  }
  if (added + changed > 0) {
    zset.Changed(events::kZadd.Times(added + changed));
    PropagateScores(ctx, first, scores);
  }
  ctx.reply.Integer(static_cast<int64_t>(count_changed ? added + changed : added));
}

// The point of a member; nothing when there is none.
std::optional<GeoPoint> PointOf(const ZsetToRead& found, std::string_view member) {
  const std::optional<double> score = found.zset ? found.zset->Score(member) : std::nullopt;
  if (!score) return std::nullopt;
  return storage::GeoPointOf(*score);
}

// GEOPOS key [member [member ...]]
void GeoPos(Context& ctx) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) {
    if (const std::optional<GeoPoint> point = PointOf(found, ctx[i])) {
      ReplyPoint(ctx.reply, *point);
    } else {
      ctx.reply.NullArray();
    }
  }
}

// GEOHASH key [member [member ...]]
void GeoHash(Context& ctx) {
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) {
    if (const std::optional<GeoPoint> point = PointOf(found, ctx[i])) {
      const auto text = storage::GeoTextOf(*point);
      ctx.reply.Bulk({text.data(), text.size()});
    } else {
      ctx.reply.Null();
    }
  }
}

// GEODIST key member1 member2 [M | KM | FT | MI]
void GeoDist(Context& ctx) {
  double unit_meters = 1;
  if (ctx.size() > 5) return ctx.ReplySyntaxError();
  if (ctx.size() == 5 && !ReadUnit(ctx, 4, &unit_meters)) return;
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  const std::optional<GeoPoint> from = PointOf(found, ctx[2]), to = PointOf(found, ctx[3]);
  if (!from || !to) return ctx.reply.Null();
  ReplyDistance(ctx.reply, storage::GeoDistance(*from, *to) / unit_meters);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kAddKey[] = {{.flags = kKeyRw | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "geoadd",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = kAddKey,
     .handler = GeoAdd,
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each point, N being the size of the sorted set.",
     .summary = "Adds points on the earth to a sorted set, or moves those that are there.",
     .syntax =
         "key condition=[NX | XX] [change=CH] longitude latitude member [longitude latitude member ...]"},
    {.name = "geodist",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoDist,
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(log(N)), N being the size of the sorted set.",
     .summary = "Returns how far two points are from each other.",
     .syntax = "key member1 member2 unit=[M | KM | FT | MI]"},
    {.name = "geohash",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoHash,
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each member, N being the size of the sorted set.",
     .summary = "Returns points as geohash texts.",
     .syntax = "key [member [member ...]]"},
    {.name = "geopos",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoPos,
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each member, N being the size of the sorted set.",
     .summary = "Returns the longitudes and latitudes of points.",
     .syntax = "key [member [member ...]]"},
};

}  // namespace

std::span<const CommandSpec> GeoCommands() { return kCommands; }

}  // namespace corral::commands
