// The hash family: when fields expire. The HEXPIRE family sets it, the HTTL family tells it, HPERSIST takes
// it away.
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/hash/hash_commands.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Hash;
using storage::Key;
using storage::kNoExpiry;
using storage::OpenValue;
using storage::Record;
using storage::ValueType;
namespace events = command::events;

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Origin : uint8_t { kNow, kUnixEpoch };

// What a field is answered with.
constexpr int64_t kNoField = -2, kNeverEnds = -1, kRefused = 0, kDone = 1, kDeleted = 2;

// Only one of them, unlike with keys. A field without an expiry never ends, which is later than any time.
enum class Condition : uint8_t { kNone, kWithout, kWith, kLater, kSooner };

Condition ConditionAt(const Context& ctx, size_t i) {
  if (ctx.Is(i, "NX")) return Condition::kWithout;
  if (ctx.Is(i, "XX")) return Condition::kWith;
  if (ctx.Is(i, "GT")) return Condition::kLater;
  return ctx.Is(i, "LT") ? Condition::kSooner : Condition::kNone;
}

// Whether a field that expires at `present_ms` (or kNoExpiry) may expire at `wanted_ms` instead.
bool Allows(Condition condition, int64_t present_ms, int64_t wanted_ms) {
  const bool expires = present_ms != kNoExpiry;
  switch (condition) {
    case Condition::kNone:
      return true;
    case Condition::kWithout:
      return !expires;
    case Condition::kWith:
      return expires;
    case Condition::kLater:
      return expires && wanted_ms > present_ms;
    case Condition::kSooner:
      return !expires || wanted_ms < present_ms;
  }
  __builtin_unreachable();
}

void ReplyForEach(Context& ctx, Fields fields, int64_t answer) {
  ctx.reply.Array(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) ctx.reply.Integer(answer);
}

// As the command with the time in Unix ms, or as what it comes to where the time has passed, of the fields
// that it changed.
void Propagate(Context& ctx, Condition condition, bool passed, int64_t when_ms,
               const std::vector<std::string_view>& changed) {
  if (!ctx.propagates()) return;
  std::vector<command::EffectArgument> arguments{passed ? "HDEL" : "HPEXPIREAT", ctx[1]};
  if (!passed) {
    arguments.emplace_back(when_ms);
    if (condition != Condition::kNone) arguments.emplace_back(ctx[3]);
    arguments.emplace_back("FIELDS");
    arguments.emplace_back(static_cast<int64_t>(changed.size()));
  }
  arguments.insert(arguments.end(), changed.begin(), changed.end());
  ctx.PropagateAs(arguments);
}

void ExpireFields(Context& ctx, Unit unit, Origin origin) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return;
  int64_t when_ms = 0;
  if (!ReadFieldEnd(ctx, 2, unit == Unit::kSeconds, origin == Origin::kNow, &when_ms)) return;
  const Condition condition = ConditionAt(ctx, 3);
  const size_t fields_at = condition == Condition::kNone ? 3 : 4;
  Fields fields;
  if (!ReadFields(ctx, fields_at, "ERR Parameter `numFields` should be greater than 0", &fields)) return;
  if (!value.exists()) return ReplyForEach(ctx, fields, kNoField);

  const bool passed = when_ms <= ctx.now_ms();
  std::vector<std::string_view> changed;
  ctx.reply.Array(fields.size());
  for (const std::string_view field : fields) {
    const std::optional<int64_t> present_ms = Hash(value.value(), ctx.now_ms()).ExpiryOf(field);
    if (!present_ms) {
      ctx.reply.Integer(kNoField);
    } else if (!Allows(condition, *present_ms, when_ms)) {
      ctx.reply.Integer(kRefused);
    } else {
      if (passed) {
        storage::RemoveField(value, field);
      } else {
        storage::SetFieldExpiry(value, field, when_ms);
      }
      changed.push_back(field);
      ctx.reply.Integer(passed ? kDeleted : kDone);
    }
  }
  if (changed.empty()) return;
  ReportRemoval(ctx, key, (passed ? events::kHdel : events::kHexpire).Times(changed.size()), value);
  Propagate(ctx, condition, passed, when_ms, changed);
}

// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
void Hexpire(Context& ctx) { ExpireFields(ctx, Unit::kSeconds, Origin::kNow); }

// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
void Hpexpire(Context& ctx) { ExpireFields(ctx, Unit::kMilliseconds, Origin::kNow); }

// HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
void HexpireAt(Context& ctx) { ExpireFields(ctx, Unit::kSeconds, Origin::kUnixEpoch); }

// HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
void HpexpireAt(Context& ctx) { ExpireFields(ctx, Unit::kMilliseconds, Origin::kUnixEpoch); }

void ReplyExpiries(Context& ctx, Unit unit, Origin origin) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  Fields fields;
  if (!ExpectType(ctx, record, ValueType::kHash) || !ReadFields(ctx, 2, kFieldsNotPositive, &fields)) return;
  if (record == nullptr) return ReplyForEach(ctx, fields, kNoField);
  const Hash hash(record->value(), ctx.now_ms());
  ctx.reply.Array(fields.size());
  for (const std::string_view field : fields) {
    int64_t time = hash.ExpiryOf(field).value_or(kNoField);
    if (time >= 0) {
      if (origin == Origin::kNow) time -= ctx.now_ms();
      if (unit == Unit::kSeconds) time = (time + 999) / 1000;
    }
    static_assert(kNoExpiry == kNeverEnds);
    ctx.reply.Integer(time);
  }
}

// HTTL key FIELDS numfields field [field ...]
void Httl(Context& ctx) { ReplyExpiries(ctx, Unit::kSeconds, Origin::kNow); }

// HPTTL key FIELDS numfields field [field ...]
void Hpttl(Context& ctx) { ReplyExpiries(ctx, Unit::kMilliseconds, Origin::kNow); }

// HEXPIRETIME key FIELDS numfields field [field ...]
void HexpireTime(Context& ctx) { ReplyExpiries(ctx, Unit::kSeconds, Origin::kUnixEpoch); }

// HPEXPIRETIME key FIELDS numfields field [field ...]
void HpexpireTime(Context& ctx) { ReplyExpiries(ctx, Unit::kMilliseconds, Origin::kUnixEpoch); }

// HPERSIST key FIELDS numfields field [field ...]
void Hpersist(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  Fields fields;
  if (!ExpectType(ctx, value, ValueType::kHash) || !ReadFields(ctx, 2, kFieldsNotPositive, &fields)) return;
  if (!value.exists()) return ReplyForEach(ctx, fields, kNoField);
  bool changed = false;
  ctx.reply.Array(fields.size());
  for (const std::string_view field : fields) {
    const int64_t present_ms = Hash(value.value(), ctx.now_ms()).ExpiryOf(field).value_or(kNoField);
    if (present_ms >= 0) {
      storage::SetFieldExpiry(value, field, kNoExpiry);
      changed = true;
    }
    ctx.reply.Integer(present_ms >= 0 ? kDone : present_ms);
  }
  if (!changed) return;
  value.Close();
  ctx.Changed(key, events::kHpersist);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kExpireKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr std::string_view kMoves[] = {"nondeterministic_output"};
constexpr std::string_view kPerField = "O(N), N being the number of fields named.";

constexpr CommandSpec kCommands[] = {
    {.name = "hexpire",
     .arity = -6,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kExpireKey,
     .handler = Hexpire,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Lets fields of a hash expire after a number of seconds.",
     .syntax = "key seconds condition=[NX | XX | GT | LT] FIELDS numfields field [field ...]"},
    {.name = "hpexpire",
     .arity = -6,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kExpireKey,
     .handler = Hpexpire,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Lets fields of a hash expire after a number of milliseconds.",
     .syntax = "key milliseconds condition=[NX | XX | GT | LT] FIELDS numfields field [field ...]"},
    {.name = "hexpireat",
     .arity = -6,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kExpireKey,
     .handler = HexpireAt,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Lets fields of a hash expire at a Unix time in seconds.",
     .syntax = "key unix-time-seconds condition=[NX | XX | GT | LT] FIELDS numfields field [field ...]"},
    {.name = "hpexpireat",
     .arity = -6,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kExpireKey,
     .handler = HpexpireAt,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Lets fields of a hash expire at a Unix time in milliseconds.",
     .syntax = "key unix-time-milliseconds condition=[NX | XX | GT | LT] FIELDS numfields field [field ...]"},
    {.name = "hpersist",
     .arity = -5,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .keys = kExpireKey,
     .handler = Hpersist,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Takes the expiration of fields of a hash away.",
     .syntax = "key FIELDS numfields field [field ...]"},
    {.name = "httl",
     .arity = -5,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = Httl,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Tells how many seconds fields of a hash have left.",
     .syntax = "key FIELDS numfields field [field ...]",
     .tips = kMoves},
    {.name = "hpttl",
     .arity = -5,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = Hpttl,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Tells how many milliseconds fields of a hash have left.",
     .syntax = "key FIELDS numfields field [field ...]",
     .tips = kMoves},
    {.name = "hexpiretime",
     .arity = -5,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = HexpireTime,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Tells the Unix time in seconds at which fields of a hash expire.",
     .syntax = "key FIELDS numfields field [field ...]"},
    {.name = "hpexpiretime",
     .arity = -5,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = HpexpireTime,
     .group = "hash",
     .since = "7.4.0",
     .complexity = kPerField,
     .summary = "Tells the Unix time in milliseconds at which fields of a hash expire.",
     .syntax = "key FIELDS numfields field [field ...]"},
};

}  // namespace

std::span<const CommandSpec> HashExpireCommands() { return kCommands; }

}  // namespace corral::commands
