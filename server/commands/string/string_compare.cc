// The string family, values that a client compares: DELEX, DELIFEQ and DIGEST.
#include <cstdint>
#include <optional>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/string/value_condition.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

void DeletePresent(Context& ctx, const Key& key) {
  const bool lazy = ctx.services.settings.lazyfree_lazy_user_del;
  ctx.db.Erase(key, ReclaimWhen(lazy));
  ctx.Changed(key, events::kDel);
  ctx.PropagateAs({command::DeletionName(lazy), key.name});
  ctx.reply.Integer(1);
}

// DELEX key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]
void DelEx(Context& ctx) {
  const bool conditional = ctx.size() > 2;
  if (conditional && ctx.size() != 4) return ctx.reply.Error(wire::WrongArity(ctx.command.name));
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (record == nullptr) {
    if (!conditional) ctx.services.effects.AbsentKeyDeleted(ctx.db, key);
    return ctx.reply.Integer(0);
  }
  if (conditional) {
    if (record->type() != storage::ValueType::kString) {
      return ctx.reply.Error("ERR Key should be of string type if conditions are specified");
    }
    ValueCondition condition;
    if (!condition.Take(ctx, 2)) {
      return ctx.reply.Error("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    }
    const std::optional<bool> met = condition.Met(ctx, record);
    if (!met) return;
    if (!*met) return ctx.reply.Integer(0);
  }
  DeletePresent(ctx, key);
}

// DELIFEQ key value
void DelIfEq(Context& ctx) {
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  if (record == nullptr || record->String(scratch) != ctx[2]) return ctx.reply.Integer(0);
  DeletePresent(ctx, key);
}

// DIGEST key
void Digest(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Null();
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  ctx.reply.Bulk(DigestOf(record->String(scratch)));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

// Only with a condition is the value read.
uint16_t DelExKeyFlags(std::span<const std::string_view> arguments) {
  return arguments.size() > 2 ? kKeyRw | kKeyDelete : kKeyRm | kKeyDelete;
}

constexpr KeySpec kDelExKey[] = {
    {.flags = kKeyRw | kKeyDelete | kKeyVariableFlags, .flags_of = DelExKeyFlags}};
constexpr KeySpec kDelIfEqKey[] = {{.flags = kKeyRm | kKeyAccess | kKeyDelete}};

constexpr CommandSpec kCommands[] = {
    {.name = "delex",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = kDelExKey,
     .handler = DelEx,
     .group = "string",
     .since = "8.4.0",
     .complexity = "O(N), N being the length of the value if its digest is compared, else O(1).",
     .summary = "Deletes a key if its value, or the digest of its value, meets a condition.",
     .syntax = "key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]"},
    {.name = "delifeq",
     .arity = 3,
     .flags = kWrite,
     .categories = kCatString,
     .keys = kDelIfEqKey,
     .handler = DelIfEq,
     .group = "string",
     .since = "9.0.0",
     .complexity = "O(1)",
     .summary = "Deletes a key if its value is the one given; a command of Valkey.",
     .syntax = "key value"},
    {.name = "digest",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .keys = command::kReadKey,
     .handler = Digest,
     .group = "string",
     .since = "8.4.0",
     .complexity = "O(N), N being the length of the value.",
     .summary = "Returns the XXH3 hash of a string in hexadecimal digits.",
     .syntax = "key"},
};

}  // namespace

std::span<const CommandSpec> ComparedStringCommands() { return kCommands; }

}  // namespace corral::commands
