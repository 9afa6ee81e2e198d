// Sorted sets together, and sets with them: ZUNION, ZINTER, ZDIFF and what stores and counts them.
#include "storage/types/zset_combine.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/stored_result.h"
#include "server/commands/zset_access.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::Event;
using command::KeySpec;
using storage::ZsetAggregate;
using storage::ZsetBuilder;
namespace events = command::events;
namespace wire = protocol::wire;

enum class Operation : uint8_t { kUnion, kIntersection, kDifference };

// What one of these commands was asked for: [destination] numkeys key [key ...] and options.
struct Request {
  std::vector<storage::ZsetInput> inputs;
  ZsetAggregate aggregate = ZsetAggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // 0: none
};

// The options that a command knows.
struct Options {
  bool weights = false;  // and AGGREGATE
  bool scores = false;
  bool limit = false;
};

// Finds the sets. `at`: the argument that says how many there are; it becomes that of the first option.
// All of these functions return false after a mistake, which is answered.
bool FindInputs(Context& ctx, size_t* at, Request* request) {
  int64_t keys = 0;
  if (!ctx.ReadInteger(*at, &keys)) return false;
  if (keys < 1) {
    ctx.reply.Error("ERR at least 1 input key is needed for '" + ctx.command.name + "' command");
    return false;
  }
  if (keys > static_cast<int64_t>(ctx.size() - *at - 1)) {
    ctx.ReplySyntaxError();
    return false;
  }
  for (++*at; keys > 0; --keys, ++*at) {
    storage::ZsetInput& input = request->inputs.emplace_back();
    const storage::Record* record = FindForRead(ctx, ctx.Key(*at));
    if (record == nullptr) continue;
    if (record->type() == storage::ValueType::kSet) {
      input.set.emplace(record->value());
    } else if (ExpectType(ctx, record, storage::ValueType::kZset)) {
      input.zset.emplace(record->value());
    } else {
      return false;
    }
  }
  return true;
}

bool ReadWeights(Context& ctx, size_t first, Request* request) {
  for (storage::ZsetInput& input : request->inputs) {
    if (!storage::ParseDouble(ctx[first++], &input.weight)) {
      ctx.reply.Error("ERR weight value is not a float");
      return false;
    }
  }
  return true;
}

bool ReadAggregate(Context& ctx, size_t i, ZsetAggregate* aggregate) {
  if (ctx.Is(i, "SUM")) {
    *aggregate = ZsetAggregate::kSum;
  } else if (ctx.Is(i, "MIN")) {
    *aggregate = ZsetAggregate::kMin;
  } else if (ctx.Is(i, "MAX")) {
    *aggregate = ZsetAggregate::kMax;
  } else {
    ctx.ReplySyntaxError();
    return false;
  }
  return true;
}

bool Read(Context& ctx, size_t at, const Options& options, Request* request) {
  if (!FindInputs(ctx, &at, request)) return false;
  const size_t keys = request->inputs.size();
  while (at < ctx.size()) {
    const size_t behind = ctx.size() - at - 1;
    if (options.weights && behind >= keys && ctx.Is(at, "WEIGHTS")) {
      if (!ReadWeights(ctx, at + 1, request)) return false;
      at += 1 + keys;
    } else if (options.weights && behind >= 1 && ctx.Is(at, "AGGREGATE")) {
      if (!ReadAggregate(ctx, at + 1, &request->aggregate)) return false;
      at += 2;
    } else if (options.scores && ctx.Is(at, "WITHSCORES")) {
      request->with_scores = true;
      at += 1;
    } else if (options.limit && behind >= 1 && ctx.Is(at, "LIMIT")) {
      constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
      if (!ctx.ReadIntegerInRange(at + 1, 0, kMost, &request->limit, "ERR LIMIT can't be negative"))
        return false;
      at += 2;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

void Combine(Operation operation, Request&& request, ZsetBuilder* result) {
  switch (operation) {
    case Operation::kUnion:
      return Unite(std::move(request.inputs), request.aggregate, result);
    case Operation::kIntersection:
      return Intersect(std::move(request.inputs), request.aggregate, result);
    case Operation::kDifference:
      return Subtract(request.inputs, result);
  }
}

void Reply(Context& ctx, Operation operation) {
  Request request;
  if (!Read(ctx, 1, {.weights = operation != Operation::kDifference, .scores = true}, &request)) return;
  const bool with_scores = request.with_scores;
  ZsetBuilder result;
  Combine(operation, std::move(request), &result);
  result.Each(MembersReply(ctx.reply, result.size(), with_scores));
}

void Store(Context& ctx, Operation operation, const Event& event) {
  Request request;
  if (!Read(ctx, 2, {.weights = operation != Operation::kDifference}, &request)) return;
  ZsetBuilder result;
  Combine(operation, std::move(request), &result);
  storage::DetachedValue value(storage::PackedForm::kZset);
  result.Finish(ZsetLimitsOf(ctx), value);
  StoreResult(ctx, std::move(value), event);
}

// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]
void Zunion(Context& ctx) { Reply(ctx, Operation::kUnion); }

// ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]
void Zinter(Context& ctx) { Reply(ctx, Operation::kIntersection); }

// ZDIFF numkeys key [key ...] [WITHSCORES]
void Zdiff(Context& ctx) { Reply(ctx, Operation::kDifference); }

// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]
void ZunionStore(Context& ctx) { Store(ctx, Operation::kUnion, events::kZunionStore); }

// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]
void ZinterStore(Context& ctx) { Store(ctx, Operation::kIntersection, events::kZinterStore); }

// ZDIFFSTORE destination numkeys key [key ...]
void ZdiffStore(Context& ctx) { Store(ctx, Operation::kDifference, events::kZdiffStore); }

// ZINTERCARD numkeys key [key ...] [LIMIT limit]
void ZinterCard(Context& ctx) {
  Request request;
  if (!Read(ctx, 1, {.limit = true}, &request)) return;
  ctx.reply.Integer(
      static_cast<int64_t>(CountCommon(std::move(request.inputs), static_cast<uint64_t>(request.limit))));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kInputKeys[] = {{.flags = kKeyRo | kKeyAccess, .find = KeySpec::Find::kKeynum}};
constexpr KeySpec kStoreKeys[] = {
    {.flags = kKeyOw | kKeyUpdate},
    {.flags = kKeyRo | kKeyAccess, .begin_index = 2, .find = KeySpec::Find::kKeynum}};

constexpr std::string_view kUnionCost =
    "O(N)+O(M*log(M)), N being the members of all sorted sets and M those of the result.";
constexpr std::string_view kIntersectionCost =
    "O(N*K)+O(M*log(M)), N being the size of the smallest sorted set, K the number of sorted sets and M the members "
    "of the result.";
constexpr std::string_view kDifferenceCost =
    "O(N*K)+O(M*log(M)), N being the size of the first sorted set, K the number of sorted sets and M the members of "
    "the result.";

constexpr CommandSpec kCommands[] = {
    {.name = "zunionstore",
     .arity = -4,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kStoreKeys,
     .handler = ZunionStore,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = kUnionCost,
     .summary = "Stores the union of sorted sets.",
     .syntax =
         "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [aggregate=AGGREGATE <SUM | MIN "
         "| MAX>]"},
    {.name = "zinterstore",
     .arity = -4,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kStoreKeys,
     .handler = ZinterStore,
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = kIntersectionCost,
     .summary = "Stores the intersection of sorted sets.",
     .syntax =
         "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [aggregate=AGGREGATE <SUM | MIN "
         "| MAX>]"},
    {.name = "zdiffstore",
     .arity = -4,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kStoreKeys,
     .handler = ZdiffStore,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = kDifferenceCost,
     .summary = "Stores the members of a sorted set that others do not have.",
     .syntax = "destination numkeys key [key ...]"},
    {.name = "zunion",
     .arity = -3,
     .flags = kReadonly | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kInputKeys,
     .handler = Zunion,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = kUnionCost,
     .summary = "Returns the union of sorted sets.",
     .syntax = "numkeys key [key ...] [WEIGHTS weight [weight ...]] [aggregate=AGGREGATE <SUM | MIN | MAX>] "
               "[WITHSCORES]"},
    {.name = "zinter",
     .arity = -3,
     .flags = kReadonly | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kInputKeys,
     .handler = Zinter,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = kIntersectionCost,
     .summary = "Returns the intersection of sorted sets.",
     .syntax = "numkeys key [key ...] [WEIGHTS weight [weight ...]] [aggregate=AGGREGATE <SUM | MIN | MAX>] "
               "[WITHSCORES]"},
    {.name = "zdiff",
     .arity = -3,
     .flags = kReadonly | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kInputKeys,
     .handler = Zdiff,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = kDifferenceCost,
     .summary = "Returns the members of a sorted set that others do not have.",
     .syntax = "numkeys key [key ...] [WITHSCORES]"},
    {.name = "zintercard",
     .arity = -3,
     .flags = kReadonly | kMovableKeys,
     .categories = kCatSortedSet,
     .keys = kInputKeys,
     .handler = ZinterCard,
     .group = "sorted-set",
     .since = "7.0.0",
     .complexity = "O(N*K), N being the size of the smallest sorted set and K the number of sorted sets.",
     .summary = "Counts the members that all of several sorted sets have.",
     .syntax = "numkeys key [key ...] [LIMIT limit]"},
};

}  // namespace

std::span<const CommandSpec> ZsetCombineCommands() { return kCommands; }

}  // namespace corral::commands
