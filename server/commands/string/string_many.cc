// The string family, several keys at once: MGET, MSET, MSETNX and MSETEX.
#include <climits>
#include <cstdint>

#include "server/commands/expire_time.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/stored_string.h"
#include "server/commands/string/put_argument.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

// MGET key [key ...]
void MGet(Context& ctx) {
  ctx.reply.Array(ctx.size() - 1);
  for (size_t i = 1; i < ctx.size(); ++i) {
    const Record* record = FindForRead(ctx, ctx.Key(i));
    if (record == nullptr || record->type() != storage::ValueType::kString) {
      ctx.reply.Null();
    } else {
      ReplyString(ctx.reply, *record);
    }
  }
}

// True when every key has its value; answers the error of a wrong number of arguments otherwise.
bool ExpectPairs(Context& ctx) {
  if (ctx.size() % 2 == 1) return true;
  ctx.reply.Error(wire::WrongArity(ctx.command.name));
  return false;
}

void SetPairs(Context& ctx) {
  for (size_t i = 1; i < ctx.size(); i += 2) {
    Key key = ctx.Key(i);
    PutArgument(ctx, key, i + 1);
    ctx.Changed(key, events::kSet);
  }
}

// MSET key value [key value ...]
void MSet(Context& ctx) {
  if (!ExpectPairs(ctx)) return;
  SetPairs(ctx);
  ctx.reply.Ok();
}

// MSETNX key value [key value ...]
void MSetNx(Context& ctx) {
  if (!ExpectPairs(ctx)) return;
  for (size_t i = 1; i < ctx.size(); i += 2) {
    if (FindForWrite(ctx, ctx.Key(i)) != nullptr) return ctx.reply.Integer(0);
  }
  SetPairs(ctx);
  ctx.reply.Integer(1);
}

struct SetPairsOptions {
  bool if_absent = false;
  bool if_present = false;
  bool keep_expiry = false;
  ExpireTime time;
};

bool ReadSetPairsOptions(Context& ctx, size_t first, SetPairsOptions* options) {
  for (size_t i = first; i < ctx.size(); ++i) {
    if (ctx.Is(i, "NX") && !options->if_present) {
      options->if_absent = true;
    } else if (ctx.Is(i, "XX") && !options->if_absent) {
      options->if_present = true;
    } else if (ctx.Is(i, "KEEPTTL") && !options->time.given()) {
      options->keep_expiry = true;
    } else if (!options->keep_expiry && options->time.Take(ctx, i)) {
      ++i;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

// MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds |
//   EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]
void MSetEx(Context& ctx) {
  constexpr size_t kFirstKey = 2;
  int64_t pairs = 0;
  if (!ctx.ReadIntegerInRange(1, 1, INT_MAX, &pairs, "ERR invalid numkeys value")) return;
  const size_t end = kFirstKey + 2 * static_cast<size_t>(pairs);
  if (end > ctx.size()) return ctx.reply.Error("ERR wrong number of key-value pairs");
  SetPairsOptions options;
  if (!ReadSetPairsOptions(ctx, end, &options)) return;
  storage::PutOptions put{.keep_expiry = options.keep_expiry};
  if (options.time.given() && !options.time.Read(ctx, &put.expire_at_ms)) return;
  if (options.if_absent || options.if_present) {
    for (size_t i = kFirstKey; i < end; i += 2) {
      if ((FindForWrite(ctx, ctx.Key(i)) != nullptr) != options.if_present) return ctx.reply.Integer(0);
    }
  }
  for (size_t i = kFirstKey; i < end; i += 2) {
    Key key = ctx.Key(i);
    PutArgument(ctx, key, i + 1, put);
    ctx.Changed(key, events::kSet);
    if (options.time.given()) ctx.Changed(key, events::kExpireOfSet);
    PropagateAsSet(ctx, key, i + 1, put);
  }
  ctx.reply.Integer(1);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kOverwritePairs[] = {{.flags = kKeyOw | kKeyUpdate, .last = -1, .step = 2}};
constexpr KeySpec kInsertPairs[] = {{.flags = kKeyOw | kKeyInsert, .last = -1, .step = 2}};
constexpr KeySpec kCountedPairs[] = {
    {.flags = kKeyOw | kKeyUpdate, .find = KeySpec::Find::kKeynum, .step = 2}};

constexpr std::string_view kManyShards[] = {"request_policy:multi_shard"};
constexpr std::string_view kManyShardsAll[] = {"request_policy:multi_shard", "response_policy:all_succeeded"};
constexpr std::string_view kManyShardsLeast[] = {"request_policy:multi_shard", "response_policy:agg_min"};

constexpr CommandSpec kCommands[] = {
    {.name = "mget",
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .keys = command::kReadKeys,
     .handler = MGet,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Returns the strings under several keys in one reply.",
     .syntax = "key [key ...]",
     .tips = kManyShards},
    {.name = "mset",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kOverwritePairs,
     .handler = MSet,
     .group = "string",
     .since = "1.0.1",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Stores several strings in one step.",
     .syntax = "key value [key value ...]",
     .tips = kManyShardsAll},
    {.name = "msetnx",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kInsertPairs,
     .handler = MSetNx,
     .group = "string",
     .since = "1.0.1",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Stores several strings in one step, or none when one of the keys is there.",
     .syntax = "key value [key value ...]",
     .tips = kManyShardsLeast},
    {.name = "msetex",
     .arity = -4,
     .flags = kWrite | kDenyOom | kMovableKeys,
     .categories = kCatString,
     .keys = kCountedPairs,
     .handler = MSetEx,
     .group = "string",
     .since = "8.4.0",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Stores several strings in one step, with one time to expire, if a condition allows it.",
     .syntax =
         "numkeys key value [key value ...] condition=[NX | XX] expiration=[EX seconds | PX milliseconds "
         "| EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
     .tips = kManyShardsAll},
};

}  // namespace

std::span<const CommandSpec> ManyStringsCommands() { return kCommands; }

}  // namespace corral::commands
