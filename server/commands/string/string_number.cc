// The string family, strings as numbers: INCR, DECR and their kin.
#include <cstdint>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

bool ReadRecord(const Record& record, int64_t* value) {
  if (record.encoding() == storage::Encoding::kInt) {
    *value = record.integer();
    return true;
  }
  storage::IntegerText scratch;
  return storage::ParseInt64(record.String(scratch), value);
}

bool ReadRecord(const Record& record, long double* value) {
  if (record.encoding() == storage::Encoding::kInt) {
    *value = static_cast<long double>(record.integer());
    return true;
  }
  storage::IntegerText scratch;
  return storage::ParseLongDouble(record.String(scratch), value);
}

void Add(Context& ctx, int64_t increment) {
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  int64_t value = 0;
  if (record != nullptr && !ReadRecord(*record, &value)) return ctx.reply.Error(wire::kNotInteger);
  if (__builtin_add_overflow(value, increment, &value)) return ctx.reply.Error(wire::kOverflow);
  char digits[storage::kIntegerDigits];
  ctx.db.PutString(key, {digits, storage::FormatInt64(value, digits)}, {.keep_expiry = true});
  ctx.Changed(key, events::kIncrBy);  // of decrements too
  ctx.reply.Integer(value);
}

// INCR key
void Incr(Context& ctx) { Add(ctx, 1); }

// DECR key
void Decr(Context& ctx) { Add(ctx, -1); }

// INCRBY key increment
void IncrBy(Context& ctx) {
  int64_t increment = 0;
  if (ctx.ReadInteger(2, &increment)) Add(ctx, increment);
}

// DECRBY key decrement
void DecrBy(Context& ctx) {
  int64_t decrement = 0;
  if (!ctx.ReadInteger(2, &decrement)) return;
  if (decrement == INT64_MIN) return ctx.reply.Error(wire::kDecrementOverflow);
  Add(ctx, -decrement);
}

// INCRBYFLOAT key increment
void IncrByFloat(Context& ctx) {
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  long double value = 0, increment = 0;
  if (record != nullptr && !ReadRecord(*record, &value)) return ctx.reply.Error(wire::kNotFloat);
  if (!ctx.ReadLongDouble(2, &increment)) return;
  value += increment;
  if (__builtin_isnan(value) || __builtin_isinf(value)) return ctx.reply.Error(wire::kNanOrInfinity);
  std::string text = storage::FormatLongDouble(value);
  ctx.db.PutString(key, text, {.keep_expiry = true, .try_integer = false});
  ctx.Changed(key, events::kIncrByFloat);
  ctx.PropagateAs({"SET", key.name, text, "KEEPTTL"});  // another machine may round otherwise
  ctx.reply.Bulk(text);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kNumberKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "incr",
     .arity = 2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kNumberKey,
     .handler = Incr,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds one to the integer under a key; an absent key counts as 0.",
     .syntax = "key"},
    {.name = "decr",
     .arity = 2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kNumberKey,
     .handler = Decr,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes one from the integer under a key; an absent key counts as 0.",
     .syntax = "key"},
    {.name = "incrby",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kNumberKey,
     .handler = IncrBy,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Adds a number to the integer under a key; an absent key counts as 0.",
     .syntax = "key increment"},
    {.name = "decrby",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kNumberKey,
     .handler = DecrBy,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes a number from the integer under a key; an absent key counts as 0.",
     .syntax = "key decrement"},
    {.name = "incrbyfloat",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kNumberKey,
     .handler = IncrByFloat,
     .group = "string",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds a floating-point number to the one under a key; an absent key counts as 0.",
     .syntax = "key increment"},
};

}  // namespace

std::span<const CommandSpec> NumberCommands() { return kCommands; }

}  // namespace corral::commands
