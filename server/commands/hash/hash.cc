// The hash family: fields by name.
#include <cstdint>
#include <optional>
#include <string>

#include "server/commands/families.h"
#include "server/commands/hash/hash_commands.h"
#include "storage/base/number.h"
#include "storage/open_value.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::FieldExpiry;
using storage::Hash;
using storage::Key;
using storage::OpenValue;
using storage::PackedForm;
using storage::Record;
using storage::ValueType;
namespace events = command::events;
namespace wire = protocol::wire;

// Sets the fields and values from argument 2 on; how many are new. Nothing: no hash, and the reply is given.
std::optional<int64_t> SetFields(Context& ctx) {
  if (ctx.size() % 2 != 0) {
    ctx.reply.Error(wire::WrongArity(ctx.command.name));
    return std::nullopt;
  }
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return std::nullopt;
  if (!value.exists()) value.Begin(PackedForm::kHash);
  ctx.db.ExpireFields(key, value, ctx.arguments().subspan(2), 2);
  const storage::HashLimits limits = HashLimitsOf(ctx);
  int64_t added = 0;
  for (size_t i = 2; i < ctx.size(); i += 2) added += storage::SetField(value, ctx[i], ctx[i + 1], limits);
  value.Close();
  ctx.Changed(key, events::kHset.Times(ctx.size() / 2 - 1));
  return added;
}

// HSET key field value [field value ...]
void Hset(Context& ctx) {
  if (const auto added = SetFields(ctx)) ctx.reply.Integer(*added);
}

// HMSET key field value [field value ...]
void Hmset(Context& ctx) {
  if (SetFields(ctx)) ctx.reply.Ok();
}

// HSETNX key field value
void Hsetnx(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return;
  if (!value.exists()) value.Begin(PackedForm::kHash);
  ctx.db.ExpireFields(key, value, ctx.arguments().subspan(2, 1));
  if (Hash(value.value(), ctx.now_ms()).Find(ctx[2])) return ctx.reply.Integer(0);
  storage::SetField(value, ctx[2], ctx[3], HashLimitsOf(ctx));
  value.Close();
  ctx.Changed(key, events::kHset);
  ctx.reply.Integer(1);
}

// HDEL key field [field ...]
void Hdel(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return;
  if (!value.exists()) return ctx.reply.Integer(0);
  ctx.db.ExpireFields(key, value, ctx.arguments().subspan(2));
  uint64_t removed = 0;
  for (size_t i = 2; i < ctx.size() && value.value().size() != 0; ++i) {
    removed += storage::RemoveField(value, ctx[i]);
  }
  if (removed != 0) {
    ReportRemoval(ctx, key, events::kHdel.Times(removed), value);
  } else {
    CloseUnchanged(ctx, key, value);
  }
  ctx.reply.Integer(static_cast<int64_t>(removed));
}

// The integer in a field, 0 for an absent one.
bool ReadField(Context& ctx, const std::optional<Hash::Text>& field, int64_t* value) {
  if (!field) return true;
  if (field->is_integer) {
    *value = field->integer;
    return true;
  }
  if (storage::ParseInt64(field->text, value)) return true;
  ctx.reply.Error("ERR hash value is not an integer");
  return false;
}

bool ReadField(Context& ctx, const std::optional<Hash::Text>& field, long double* value) {
  if (!field) return true;
  if (field->is_integer) {
    *value = static_cast<long double>(field->integer);
    return true;
  }
  if (storage::ParseLongDouble(field->text, value)) return true;
  ctx.reply.Error("ERR hash value is not a float");
  return false;
}

// HINCRBY key field increment
void HincrBy(Context& ctx) {
  int64_t increment = 0, number = 0;
  if (!ctx.ReadInteger(3, &increment)) return;
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return;
  if (!value.exists()) value.Begin(PackedForm::kHash);
  ctx.db.ExpireFields(key, value, ctx.arguments().subspan(2, 1));
  if (!ReadField(ctx, Hash(value.value(), ctx.now_ms()).Find(ctx[2]), &number)) return;
  if (__builtin_add_overflow(number, increment, &number)) return ctx.reply.Error(wire::kOverflow);
  char digits[storage::kIntegerDigits];
  storage::SetField(value, ctx[2], {digits, storage::FormatInt64(number, digits)}, HashLimitsOf(ctx),
                    FieldExpiry::kKept);
  value.Close();
  ctx.Changed(key, events::kHincrBy);
  ctx.reply.Integer(number);
}

// HINCRBYFLOAT key field increment
void HincrByFloat(Context& ctx) {
  long double increment = 0, number = 0;
  if (!ctx.ReadLongDouble(3, &increment)) return;
  if (__builtin_isnan(increment) || __builtin_isinf(increment)) {
    return ctx.reply.Error("ERR value is NaN or Infinity");
  }
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kHash)) return;
  if (!value.exists()) value.Begin(PackedForm::kHash);
  ctx.db.ExpireFields(key, value, ctx.arguments().subspan(2, 1));
  if (!ReadField(ctx, Hash(value.value(), ctx.now_ms()).Find(ctx[2]), &number)) return;
  number += increment;
  if (__builtin_isnan(number) || __builtin_isinf(number)) return ctx.reply.Error(wire::kNanOrInfinity);
  const std::string text = storage::FormatLongDouble(number);
  storage::SetField(value, ctx[2], text, HashLimitsOf(ctx), FieldExpiry::kKept);
  const int64_t expire_at_ms =
      Hash(value.value(), ctx.now_ms()).ExpiryOf(ctx[2]).value_or(storage::kNoExpiry);
  value.Close();
  ctx.Changed(key, events::kHincrByFloat);
  ctx.PropagateAs({"HSET", key.name, ctx[2], text});  // another machine may round otherwise
  if (expire_at_ms != storage::kNoExpiry) {
    ctx.PropagateAs({"HPEXPIREAT", key.name, expire_at_ms, "FIELDS", int64_t{1}, ctx[2]});
  }
  ctx.reply.Bulk(std::string_view(text));
}

// The field `name` of the hash at `record`, if there are both.
std::optional<Hash::Text> FindField(const Context& ctx, const Record* record, std::string_view name) {
  if (record == nullptr) return std::nullopt;
  return Hash(record->value(), ctx.now_ms()).Find(name);
}

void ReplyField(Context& ctx, const std::optional<Hash::Text>& field) {
  if (!field) return ctx.reply.Null();
  ReplyElement(ctx.reply, *field);
}

// HGET key field
void Hget(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  ReplyField(ctx, FindField(ctx, record, ctx[2]));
}

// HMGET key field [field ...]
void Hmget(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) ReplyField(ctx, FindField(ctx, record, ctx[i]));
}

// HEXISTS key field
void Hexists(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  ctx.reply.Integer(FindField(ctx, record, ctx[2]).has_value());
}

// HSTRLEN key field
void Hstrlen(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  const std::optional<Hash::Text> field = FindField(ctx, record, ctx[2]);
  storage::IntegerText scratch;
  ctx.reply.Integer(field ? static_cast<int64_t>(field->Text(scratch).size()) : 0);
}

// HLEN key
void Hlen(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  ctx.reply.Integer(record != nullptr ? static_cast<int64_t>(Hash(record->value(), ctx.now_ms()).size()) : 0);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kUpdateKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr KeySpec kInsertKey[] = {{.flags = kKeyRw | kKeyInsert}};
constexpr KeySpec kDeleteKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr KeySpec kNumberKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "hset",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kUpdateKey,
     .handler = Hset,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Sets fields of a hash; an absent key is an empty hash.",
     .syntax = "key field value [field value ...]"},
    {.name = "hmset",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kUpdateKey,
     .handler = Hmset,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Sets fields of a hash.",
     .syntax = "key field value [field value ...]",
     .deprecated_since = "4.0.0",
     .replaced_by = "`HSET` with multiple field-value pairs"},
    {.name = "hsetnx",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kInsertKey,
     .handler = Hsetnx,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets a field of a hash if it is absent.",
     .syntax = "key field value"},
    {.name = "hdel",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .keys = kDeleteKey,
     .handler = Hdel,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Removes fields from a hash; a hash without fields is no key any more.",
     .syntax = "key field [field ...]"},
    {.name = "hincrby",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kNumberKey,
     .handler = HincrBy,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Adds a number to the integer in a field; an absent field counts as 0.",
     .syntax = "key field increment"},
    {.name = "hincrbyfloat",
     .arity = 4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kNumberKey,
     .handler = HincrByFloat,
     .group = "hash",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Adds a floating-point number to the one in a field; an absent field counts as 0.",
     .syntax = "key field increment"},
    {.name = "hget",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = Hget,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Returns the value of a field.",
     .syntax = "key field"},
    {.name = "hmget",
     .arity = -3,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = Hmget,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Returns the values of fields.",
     .syntax = "key field [field ...]"},
    {.name = "hexists",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKeyNoAccess,
     .handler = Hexists,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a hash has a field.",
     .syntax = "key field"},
    {.name = "hstrlen",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKeyNoAccess,
     .handler = Hstrlen,
     .group = "hash",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Returns the length of the value of a field.",
     .syntax = "key field"},
    {.name = "hlen",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .keys = command::kReadKeyNoAccess,
     .handler = Hlen,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of fields.",
     .syntax = "key"},
};

}  // namespace

std::span<const CommandSpec> HashCommands() { return kCommands; }

}  // namespace corral::commands
