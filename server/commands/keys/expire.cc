// When keys expire: the EXPIRE family sets it, the TTL family tells it, PERSIST takes it away.
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/lookup.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Origin : uint8_t { kNow, kUnixEpoch };

struct ExpireConditions {
  bool without = false;  // NX: only a key that does not expire yet
  bool with = false;     // XX: only one that does
  bool later = false;    // GT: only to expire later; a key without expiry lives for ever
  bool sooner = false;   // LT

  // Whether a key that expires at `present_ms` (or kNoExpiry) may expire at `wanted_ms` instead.
  bool Allow(int64_t present_ms, int64_t wanted_ms) const {
    const bool expires = present_ms != storage::kNoExpiry;
    if ((without && expires) || (with && !expires)) return false;
    if (later && (!expires || wanted_ms <= present_ms)) return false;
    return !(sooner && expires && wanted_ms >= present_ms);
  }
};

bool ReadConditions(Context& ctx, ExpireConditions* conditions) {
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (ctx.Is(i, "NX")) {
      conditions->without = true;
    } else if (ctx.Is(i, "XX")) {
      conditions->with = true;
    } else if (ctx.Is(i, "GT")) {
      conditions->later = true;
    } else if (ctx.Is(i, "LT")) {
      conditions->sooner = true;
    } else {
      std::string_view option = ctx[i];
      ctx.reply.Error("ERR Unsupported option " + std::string(option.substr(0, option.find('\0'))));
      return false;
    }
  }
  if (conditions->without && (conditions->with || conditions->later || conditions->sooner)) {
    ctx.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions->later && conditions->sooner) {
    ctx.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// As PEXPIREAT, with the conditions as they came.
void PropagateUnixTime(Context& ctx, int64_t when_ms) {
  if (!ctx.propagates()) return;
  std::vector<command::EffectArgument> arguments{"PEXPIREAT", ctx[1], when_ms};
  for (size_t i = 3; i < ctx.size(); ++i) arguments.emplace_back(ctx[i]);
  ctx.PropagateAs(arguments);
}

void ExpireAt(Context& ctx, Unit unit, Origin origin) {
  ExpireConditions conditions;
  int64_t when_ms = 0;
  if (!ReadConditions(ctx, &conditions) || !ctx.ReadInteger(2, &when_ms)) return;
  if (__builtin_mul_overflow(when_ms, unit == Unit::kSeconds ? 1000 : 1, &when_ms) ||
      __builtin_add_overflow(when_ms, origin == Origin::kNow ? ctx.now_ms() : 0, &when_ms)) {
    return ctx.reply.Error(wire::InvalidExpire(ctx.command.name));
  }
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (record == nullptr || !conditions.Allow(record->expire_at_ms(), when_ms)) return ctx.reply.Integer(0);
  if (when_ms <= ctx.now_ms()) {
    EraseAsExpired(ctx, key);
    return ctx.reply.Integer(1);
  }
  ctx.db.SetExpiry(key, when_ms);
  // The order in which Redis tells a connection that listens to its own events.
  ctx.reply.Integer(1);
  ctx.Changed(key, events::kExpire);
  if (unit != Unit::kMilliseconds || origin != Origin::kUnixEpoch) PropagateUnixTime(ctx, when_ms);
}

// EXPIRE key seconds [NX | XX | GT | LT]
void Expire(Context& ctx) { ExpireAt(ctx, Unit::kSeconds, Origin::kNow); }

// PEXPIRE key milliseconds [NX | XX | GT | LT]
void PExpire(Context& ctx) { ExpireAt(ctx, Unit::kMilliseconds, Origin::kNow); }

// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
void ExpireAtSeconds(Context& ctx) { ExpireAt(ctx, Unit::kSeconds, Origin::kUnixEpoch); }

// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
void ExpireAtMilliseconds(Context& ctx) { ExpireAt(ctx, Unit::kMilliseconds, Origin::kUnixEpoch); }

void ReplyExpiry(Context& ctx, Unit unit, Origin origin) {
  const Record* record = FindForInspection(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Integer(-2);
  int64_t time = record->expire_at_ms();
  if (time == storage::kNoExpiry) return ctx.reply.Integer(-1);
  if (origin == Origin::kNow) time -= ctx.now_ms();
  if (unit == Unit::kSeconds) time = time / 1000 + (time % 1000 >= 500);
  ctx.reply.Integer(time);
}

// TTL key
void Ttl(Context& ctx) { ReplyExpiry(ctx, Unit::kSeconds, Origin::kNow); }

// PTTL key
void PTtl(Context& ctx) { ReplyExpiry(ctx, Unit::kMilliseconds, Origin::kNow); }

// EXPIRETIME key
void ExpireTimeSeconds(Context& ctx) { ReplyExpiry(ctx, Unit::kSeconds, Origin::kUnixEpoch); }

// PEXPIRETIME key
void ExpireTimeMilliseconds(Context& ctx) { ReplyExpiry(ctx, Unit::kMilliseconds, Origin::kUnixEpoch); }

// PERSIST key
void Persist(Context& ctx) {
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (record == nullptr || record->expire_at_ms() == storage::kNoExpiry) return ctx.reply.Integer(0);
  ctx.db.SetExpiry(key, storage::kNoExpiry);
  ctx.Changed(key, events::kPersist);
  ctx.reply.Integer(1);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kExpireKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr std::string_view kMoves[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "expire",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kExpireKey,
     .handler = Expire,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Lets a key expire after a number of seconds.",
     .syntax = "key seconds condition=[NX | XX | GT | LT]"},
    {.name = "pexpire",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kExpireKey,
     .handler = PExpire,
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Lets a key expire after a number of milliseconds.",
     .syntax = "key milliseconds condition=[NX | XX | GT | LT]"},
    {.name = "expireat",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kExpireKey,
     .handler = ExpireAtSeconds,
     .group = "generic",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a Unix time in seconds.",
     .syntax = "key unix-time-seconds condition=[NX | XX | GT | LT]"},
    {.name = "pexpireat",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kExpireKey,
     .handler = ExpireAtMilliseconds,
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a Unix time in milliseconds.",
     .syntax = "key unix-time-milliseconds condition=[NX | XX | GT | LT]"},
    {.name = "ttl",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = command::kReadKey,
     .handler = Ttl,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells how many seconds a key has left.",
     .syntax = "key",
     .tips = kMoves},
    {.name = "pttl",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = command::kReadKey,
     .handler = PTtl,
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Tells how many milliseconds a key has left.",
     .syntax = "key",
     .tips = kMoves},
    {.name = "expiretime",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = command::kReadKey,
     .handler = ExpireTimeSeconds,
     .group = "generic",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells the Unix time in seconds at which a key expires.",
     .syntax = "key"},
    {.name = "pexpiretime",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = command::kReadKey,
     .handler = ExpireTimeMilliseconds,
     .group = "generic",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells the Unix time in milliseconds at which a key expires.",
     .syntax = "key"},
    {.name = "persist",
     .arity = 2,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kExpireKey,
     .handler = Persist,
     .group = "generic",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Takes a key's expiration away.",
     .syntax = "key"},
};

}  // namespace

std::span<const CommandSpec> ExpireCommands() { return kCommands; }

}  // namespace corral::commands
