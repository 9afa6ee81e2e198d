// Points near a place: GEOSEARCH, GEORADIUS and their kin, and what stores its result.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/geo/geo_arguments.h"
#include "server/commands/stored_result.h"
#include "server/commands/zset_access.h"
#include "storage/base/ascii.h"
#include "storage/base/geo_shape.h"
#include "storage/types/zset_builder.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::Event;
using command::KeySpec;
using storage::GeoCell;
using storage::GeoPoint;
using storage::GeoShape;
using storage::ZsetReader;
namespace events = command::events;

// Where the arguments of one of these commands stand, and which options it has.
struct Form {
  enum class Place : uint8_t { kPoint, kMember, kOptions };

  size_t key = 1;
  Place place = Place::kOptions;  // kOptions: FROM and BY say place and shape
  bool takes_store = false;       // STORE key and STOREDIST key
  bool stores = false;            // at the first argument, by distance if STOREDIST is said
};

enum class Order : uint8_t { kNone, kAscending, kDescending };

class Search {
 public:
  Search(Context& ctx, const Form& form) : ctx_(ctx), form_(form), source_(ctx, ctx.Key(form.key)) {}

  void Run();

 private:
  struct Found {
    std::string member;
    double score;
    GeoPoint point;
    double distance_m;
  };

  // These return false after a mistake, which is answered.
  bool Read();
  bool ReadPlace(size_t* at);
  bool ReadMember(size_t i);
  bool ReadRadius(size_t i);
  bool ReadBox(size_t i);
  bool ReadOption(size_t* at);
  bool ReadFrom(size_t* at, size_t behind, bool* known);
  bool ReadBy(size_t* at, size_t behind, bool* known);
  bool ReadCount(size_t i);
  bool ReadStore(size_t* at, size_t behind);
  bool ReadFlag(size_t i);
  bool Check();

  void FindIn(const ZsetReader& zset);
  void FindInCell(const ZsetReader& zset, const GeoCell& cell);
  bool Enough() const { return any_ && found_.size() >= static_cast<size_t>(count_); }
  void Sort();
  void Reply() const;
  void Store() const;

  Context& ctx_;
  const Form form_;
  const ZsetToRead source_;
  GeoShape shape_;
  bool from_member_ = false, from_point_ = false, by_radius_ = false, by_box_ = false;
  bool with_distance_ = false, with_hash_ = false, with_point_ = false;
  Order order_ = Order::kNone;
  int64_t count_ = 0;       // 0: all
  bool any_ = false;        // the first `count_` that are met
  size_t destination_ = 0;  // 0: none
  bool store_distances_ = false;
  std::vector<Found> found_;
};

bool Search::ReadMember(size_t i) {
  if (!source_.zset) return true;  // whoever is asked for is not there: nothing will be found
  const std::optional<double> score = source_.zset->Score(ctx_[i]);
  if (!score) {
    ctx_.reply.Error("ERR could not decode requested zset member");
    return false;
  }
  shape_.center = storage::GeoPointOf(*score);
  return true;
}

bool Search::ReadRadius(size_t i) {
  if (!ReadDouble(ctx_, i, &shape_.radius, "ERR need numeric radius")) return false;
  if (shape_.radius < 0) {
    ctx_.reply.Error("ERR radius cannot be negative");
    return false;
  }
  return ReadUnit(ctx_, i + 1, &shape_.unit_meters);
}

bool Search::ReadBox(size_t i) {
  if (!ReadDouble(ctx_, i, &shape_.width, "ERR need numeric width") ||
      !ReadDouble(ctx_, i + 1, &shape_.height, "ERR need numeric height"))
    return false;
  if (shape_.width < 0 || shape_.height < 0) {
    ctx_.reply.Error("ERR height or width cannot be negative");
    return false;
  }
  shape_.is_box = true;
  return ReadUnit(ctx_, i + 2, &shape_.unit_meters);
}

// What stands before the options; `*at` becomes the first one's argument.
bool Search::ReadPlace(size_t* at) {
  switch (form_.place) {
    case Form::Place::kPoint:
      *at = 6;
      return ReadPoint(ctx_, 2, &shape_.center) && ReadRadius(4);
    case Form::Place::kMember:
      *at = 5;
      // As Redis does: of an absent key not even the radius is read.
      return !source_.zset || (ReadMember(2) && ReadRadius(3));
    case Form::Place::kOptions:
      *at = form_.key + 1;
      if (form_.stores) destination_ = 1;
      return true;
  }
  return true;
}

bool Search::ReadCount(size_t i) {
  if (!ctx_.ReadInteger(i, &count_)) return false;
  if (count_ > 0) return true;
  ctx_.reply.Error("ERR COUNT must be > 0");
  return false;
}

bool Search::ReadFlag(size_t i) {
  bool* const flag = ctx_.Is(i, "WITHDIST")    ? &with_distance_
                     : ctx_.Is(i, "WITHHASH")  ? &with_hash_
                     : ctx_.Is(i, "WITHCOORD") ? &with_point_
                     : ctx_.Is(i, "ANY")       ? &any_
                                               : nullptr;
  if (flag != nullptr) *flag = true;
  if (ctx_.Is(i, "ASC")) order_ = Order::kAscending;
  if (ctx_.Is(i, "DESC")) order_ = Order::kDescending;
  return flag != nullptr || ctx_.Is(i, "ASC") || ctx_.Is(i, "DESC");
}

// STORE and STOREDIST; whether it is one of them.
bool Search::ReadStore(size_t* at, size_t behind) {
  const bool distances = ctx_.Is(*at, "STOREDIST");
  if (form_.stores && distances) {
    store_distances_ = true;
    return true;
  }
  if (!form_.takes_store || behind < 1 || (!distances && !ctx_.Is(*at, "STORE"))) return false;
  store_distances_ = distances;
  destination_ = ++*at;
  return true;
}

// FROMMEMBER and FROMLONLAT; `*known` becomes whether it is one of them, at a place where it may stand.
bool Search::ReadFrom(size_t* at, size_t behind, bool* known) {
  const size_t i = *at;
  if (behind >= 1 && !from_point_ && ctx_.Is(i, "FROMMEMBER")) {
    *known = from_member_ = true;
    *at += 1;
    return ReadMember(i + 1);
  }
  if (behind >= 2 && !from_member_ && ctx_.Is(i, "FROMLONLAT")) {
    *known = from_point_ = true;
    *at += 2;
    return ReadPoint(ctx_, i + 1, &shape_.center);
  }
  return true;
}

// The same of BYRADIUS and BYBOX.
bool Search::ReadBy(size_t* at, size_t behind, bool* known) {
  const size_t i = *at;
  if (behind >= 2 && !by_box_ && ctx_.Is(i, "BYRADIUS")) {
    *known = by_radius_ = true;
    *at += 2;
    return ReadRadius(i + 1);
  }
  if (behind >= 3 && !by_radius_ && ctx_.Is(i, "BYBOX")) {
    *known = by_box_ = true;
    *at += 3;
    return ReadBox(i + 1);
  }
  return true;
}

// Reads the option at `*at`, which becomes its last argument.
bool Search::ReadOption(size_t* at) {
  const size_t behind = ctx_.size() - *at - 1;
  if (ReadFlag(*at)) return true;
  if (behind >= 1 && ctx_.Is(*at, "COUNT")) return ReadCount(++*at);
  if (ReadStore(at, behind)) return true;
  bool known = false;
  if (form_.place == Form::Place::kOptions) {
    if (!ReadFrom(at, behind, &known)) return false;
    if (!known && !ReadBy(at, behind, &known)) return false;
  }
  if (!known) ctx_.ReplySyntaxError();
  return known;
}

// Which options go together.
bool Search::Check() {
  const bool options_say = form_.place == Form::Place::kOptions;
  std::string error;
  if (destination_ != 0 && (with_distance_ || with_hash_ || with_point_)) {
    error = std::string(form_.stores ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS") +
            " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
  } else if (options_say && !from_member_ && !from_point_) {
    error = "exactly one of FROMMEMBER or FROMLONLAT can be specified for " + std::string(ctx_[0]);
  } else if (options_say && !by_radius_ && !by_box_) {
    error = "exactly one of BYRADIUS and BYBOX can be specified for " + std::string(ctx_[0]);
  } else if (any_ && count_ == 0) {
    error = "the ANY argument requires COUNT argument";
  } else {
    return true;
  }
  ctx_.reply.Error("ERR " + error);
  return false;
}

bool Search::Read() {
  size_t at = 0;
  if (!ReadPlace(&at)) return false;
  for (; at < ctx_.size(); ++at) {
    if (!ReadOption(&at)) return false;
  }
  // The nearest ones are meant where only their number is said.
  if (count_ != 0 && !any_ && order_ == Order::kNone) order_ = Order::kAscending;
  return Check();
}

void Search::FindInCell(const ZsetReader& zset, const GeoCell& cell) {
  const storage::ScoreRange range{.min = static_cast<double>(cell.first_score()),
                                  .max = static_cast<double>(cell.end_score()),
                                  .max_open = true};
  zset.EachUntil(zset.Ranks(range), storage::ZsetOrder::kAscending,
                 [&](std::string_view member, double score) {
                   const GeoPoint point = storage::GeoPointOf(score);
                   if (const std::optional<double> distance_m = shape_.DistanceInside(point)) {
                     found_.push_back({std::string(member), score, point, *distance_m});
                   }
                   return !Enough();
                 });
}

void Search::FindIn(const ZsetReader& zset) {
  const auto cells = CellsAround(shape_);
  // Around a map of few columns neighbours are the same cell. As in Redis, the first cell is not compared.
  size_t last = 0;
  for (size_t i = 0; i < cells.size() && !Enough(); ++i) {
    if (cells[i].step == 0 || (last != 0 && cells[i] == cells[last])) continue;
    FindInCell(zset, cells[i]);
    last = i;
  }
}

void Search::Sort() {
  if (order_ == Order::kNone) return;
  std::stable_sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) {
    return order_ == Order::kAscending ? a.distance_m < b.distance_m : a.distance_m > b.distance_m;
  });
}

void Search::Reply() const {
  const size_t extras = with_distance_ + with_hash_ + with_point_;
  ctx_.reply.Array(found_.size());
  for (const Found& found : found_) {
    if (extras != 0) ctx_.reply.Array(1 + extras);
    ctx_.reply.Bulk(found.member);
    if (with_distance_) ReplyDistance(ctx_.reply, found.distance_m / shape_.unit_meters);
    if (with_hash_) ctx_.reply.Integer(static_cast<int64_t>(found.score));
    if (with_point_) ReplyPoint(ctx_.reply, found.point);
  }
}

void Search::Store() const {
  storage::ZsetBuilder result;
  for (const Found& found : found_) {
    result.Put(found.member, store_distances_ ? found.distance_m / shape_.unit_meters : found.score);
  }
  storage::DetachedValue value(storage::PackedForm::kZset);
  result.Finish(ZsetLimitsOf(ctx_), value);
  const Event& event = form_.stores ? events::kGeoSearchStore : events::kGeoRadiusStore;
  StoreResult(ctx_, ctx_.Key(destination_), std::move(value), event.Times(found_.size()));
}

void Search::Run() {
  if (source_.failed || !Read()) return;
  if (source_.zset) FindIn(*source_.zset);
  Sort();
  if (count_ != 0 && found_.size() > static_cast<size_t>(count_)) found_.resize(static_cast<size_t>(count_));
  if (destination_ != 0) return Store();
  Reply();
}

using Place = Form::Place;

// GEOSEARCH key <FROMMEMBER member | FROMLONLAT longitude latitude>
//   <BYRADIUS radius unit | BYBOX width height unit> [ASC | DESC] [COUNT count [ANY]]
//   [WITHCOORD] [WITHDIST] [WITHHASH]
void GeoSearch(Context& ctx) { Search(ctx, {}).Run(); }

// GEOSEARCHSTORE destination source, the same place, shape, order and count, [STOREDIST]
void GeoSearchStore(Context& ctx) { Search(ctx, {.key = 2, .stores = true}).Run(); }

// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]]
//   [ASC | DESC] [STORE key] [STOREDIST key]
void GeoRadius(Context& ctx) { Search(ctx, {.place = Place::kPoint, .takes_store = true}).Run(); }

// GEORADIUS_RO: without STORE
void GeoRadiusRo(Context& ctx) { Search(ctx, {.place = Place::kPoint}).Run(); }

// GEORADIUSBYMEMBER key member radius unit, and as GEORADIUS
void GeoRadiusByMember(Context& ctx) { Search(ctx, {.place = Place::kMember, .takes_store = true}).Run(); }

// GEORADIUSBYMEMBER_RO: without STORE
void GeoRadiusByMemberRo(Context& ctx) { Search(ctx, {.place = Place::kMember}).Run(); }

// The last of several destinations counts, and the row's specs find the first behind each of the two words.
// Whether that is another one. The options begin at `first`.
template <size_t first>
bool HasFurtherDestination(std::span<const std::string_view> arguments) {
  std::array<size_t, 2> found{};  // the first behind STORE, and behind STOREDIST
  size_t last = 0;
  for (size_t i = first; i + 1 < arguments.size(); ++i) {
    const bool distances = storage::EqualInAnyCase(arguments[i], "STOREDIST");
    if (distances || storage::EqualInAnyCase(arguments[i], "STORE")) {
      last = ++i;
      if (found[distances] == 0) found[distances] = last;
    } else if (storage::EqualInAnyCase(arguments[i], "COUNT")) {
      ++i;
    }
  }
  return last != found[0] && last != found[1];
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kStoreKeys[] = {{.flags = kKeyOw | kKeyUpdate},
                                  {.flags = kKeyRo | kKeyAccess, .begin_index = 2}};

constexpr KeySpec Behind(std::string_view keyword, int start) {
  return {.flags = kKeyOw | kKeyUpdate,
          .begin = KeySpec::Begin::kKeyword,
          .begin_index = start,
          .keyword = keyword};
}
constexpr KeySpec kPointKeys[] = {{.flags = kKeyRo | kKeyAccess}, Behind("STORE", 6), Behind("STOREDIST", 6)};
constexpr KeySpec kMemberKeys[] = {
    {.flags = kKeyRo | kKeyAccess}, Behind("STORE", 5), Behind("STOREDIST", 5)};

constexpr std::string_view kCost =
    "O(N+M*log(M)), N being the points in the cells around the shape and M those inside it.";

constexpr CommandSpec kCommands[] = {
    {.name = "geosearch",
     .arity = -7,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoSearch,
     .group = "geo",
     .since = "6.2.0",
     .complexity = kCost,
     .summary = "Returns the points inside a circle or a box.",
     .syntax = "key from=<FROMMEMBER member | FROMLONLAT longitude latitude> by=<circle=<<BYRADIUS radius> "
               "unit=<M | KM | FT | MI>> | box=<<BYBOX width> height unit=<M | KM | FT | MI>>> order=[ASC | "
               "DESC] count=[COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]"},
    {.name = "geosearchstore",
     .arity = -8,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .keys = kStoreKeys,
     .handler = GeoSearchStore,
     .group = "geo",
     .since = "6.2.0",
     .complexity = kCost,
     .summary = "Stores the points inside a circle or a box.",
     .syntax =
         "destination source from=<FROMMEMBER member | FROMLONLAT longitude latitude> "
         "by=<circle=<<BYRADIUS radius> unit=<M | KM | FT | MI>> | box=<<BYBOX width> height unit=<M | KM "
         "| FT | MI>>> order=[ASC | DESC] count=[COUNT count [ANY]] [STOREDIST]"},
    {.name = "georadius",
     .arity = -6,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatGeo,
     .keys = kPointKeys,
     .handler = GeoRadius,
     .group = "geo",
     .since = "3.2.0",
     .complexity = kCost,
     .summary = "Returns or stores the points inside a circle around a place.",
     .syntax = "key longitude latitude radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] "
               "count=[COUNT count [ANY]] order=[ASC | DESC] [STORE key] [STOREDIST key]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
     .reaches_more = HasFurtherDestination<6>},
    {.name = "georadius_ro",
     .arity = -6,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoRadiusRo,
     .group = "geo",
     .since = "3.2.10",
     .complexity = kCost,
     .summary = "Returns the points inside a circle around a place.",
     .syntax = "key longitude latitude radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] "
               "count=[COUNT count [ANY]] order=[ASC | DESC]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument"},
    {.name = "georadiusbymember",
     .arity = -5,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatGeo,
     .keys = kMemberKeys,
     .handler = GeoRadiusByMember,
     .group = "geo",
     .since = "3.2.0",
     .complexity = kCost,
     .summary = "Returns or stores the points inside a circle around a member.",
     .syntax =
         "key member radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[COUNT count "
         "[ANY]] order=[ASC | DESC] [STORE key] [STOREDIST key]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .reaches_more = HasFurtherDestination<5>},
    {.name = "georadiusbymember_ro",
     .arity = -5,
     .flags = kReadonly,
     .categories = kCatGeo,
     .keys = command::kReadKey,
     .handler = GeoRadiusByMemberRo,
     .group = "geo",
     .since = "3.2.10",
     .complexity = kCost,
     .summary = "Returns the points inside a circle around a member.",
     .syntax =
         "key member radius unit=<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] count=[COUNT count "
         "[ANY]] order=[ASC | DESC]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"},
};

}  // namespace

std::span<const CommandSpec> GeoSearchCommands() { return kCommands; }

}  // namespace corral::commands
