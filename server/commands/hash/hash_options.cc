// The hash family: fields that are read or written together with when they end, or that are taken out
// (Redis 8.0).
#include <climits>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/expire_time.h"
#include "server/commands/families.h"
#include "server/commands/hash/hash_commands.h"
#include "storage/open_value.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::EffectArgument;
using command::KeySpec;
using storage::FieldExpiry;
using storage::Hash;
using storage::Key;
using storage::OpenValue;
using storage::PackedForm;
using storage::ValueType;
namespace events = command::events;
namespace wire = protocol::wire;

// When fields are to end: EX, PX, EXAT or PXAT, if it was given.
struct FieldEnd {
  ExpireTime option;
  int64_t unix_ms = 0;
  bool over = false;  // has passed already: the fields go

  bool given() const { return option.given(); }
  // Reads the number of the option taken; on a mistake answers the client.
  bool Read(Context& ctx) {
    if (!ReadFieldEnd(ctx, option.argument, option.in_seconds(), option.from_now(), &unix_ms)) return false;
    over = unix_ms <= ctx.now_ms();
    return true;
  }
};

void ReplyNulls(Context& ctx, size_t count) {
  ctx.reply.Array(count);
  for (size_t i = 0; i < count; ++i) ctx.reply.Null();
}

// Replies with the field's value; whether it is there.
bool ReplyField(Context& ctx, const OpenValue& hash, std::string_view field) {
  const auto text = Hash(hash.value(), ctx.now_ms()).Find(field);
  if (!text) {
    ctx.reply.Null();
    return false;
  }
  ReplyElement(ctx.reply, *text);
  return true;
}

void PropagateFields(Context& ctx, std::vector<EffectArgument> arguments, Fields fields) {
  if (!ctx.propagates()) return;
  arguments.insert(arguments.end(), fields.begin(), fields.end());
  ctx.PropagateAs(arguments);
}

// HGETDEL key FIELDS numfields field [field ...]
void HgetDel(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue hash(ctx.db, key);
  Fields fields;
  if (!ExpectType(ctx, hash, ValueType::kHash) || !ReadFields(ctx, 2, kFieldsNotPositive, &fields)) return;
  if (!hash.exists()) return ReplyNulls(ctx, fields.size());
  ctx.db.ExpireFields(key, hash, fields);
  uint64_t removed = 0;
  ctx.reply.Array(fields.size());
  for (const std::string_view field : fields) {
    if (ReplyField(ctx, hash, field)) removed += storage::RemoveField(hash, field);
  }
  if (removed == 0) return CloseUnchanged(ctx, key, hash);
  ReportRemoval(ctx, key, events::kHdel.Times(removed), hash);
  PropagateFields(ctx, {"HDEL", key.name}, fields);
}

// HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]
//   FIELDS numfields field [field ...]
void HgetEx(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue hash(ctx.db, key);
  if (!ExpectType(ctx, hash, ValueType::kHash)) return;
  FieldEnd end;
  const bool ends = end.option.Take(ctx, 2), persists = !ends && ctx.Is(2, "PERSIST");
  if (ends && !end.Read(ctx)) return;
  Fields fields;
  if (!ReadFields(ctx, ends ? 4 : persists ? 3 : 2, kFieldsNotPositive, &fields)) return;
  if (!hash.exists()) return ReplyNulls(ctx, fields.size());
  ctx.db.ExpireFields(key, hash, fields);
  uint64_t changed = 0;
  ctx.reply.Array(fields.size());
  for (const std::string_view field : fields) {
    if (!ReplyField(ctx, hash, field) || !(ends || persists)) continue;
    if (ends) {
      changed +=
          end.over ? storage::RemoveField(hash, field) : storage::SetFieldExpiry(hash, field, end.unix_ms);
    } else if (Hash(hash.value(), ctx.now_ms()).ExpiryOf(field) != storage::kNoExpiry) {
      changed += storage::SetFieldExpiry(hash, field, storage::kNoExpiry);
    }
  }
  if (changed == 0) return CloseUnchanged(ctx, key, hash);
  const command::Event& event = persists ? events::kHpersist : end.over ? events::kHdel : events::kHexpire;
  ReportRemoval(ctx, key, event.Times(changed), hash);
  const auto count = static_cast<int64_t>(fields.size());
  if (persists) {
    PropagateFields(ctx, {"HPERSIST", key.name, "FIELDS", count}, fields);
  } else if (end.over) {
    PropagateFields(ctx, {"HDEL", key.name}, fields);
  } else {
    PropagateFields(ctx, {"HPEXPIREAT", key.name, end.unix_ms, "FIELDS", count}, fields);
  }
}

// What HSETEX was asked for.
struct SetOptions {
  bool all_present = false;  // FXX: only if all fields are there
  bool all_absent = false;   // FNX: only if none is
  bool keeps_end = false;    // KEEPTTL
  FieldEnd end;
  std::span<const std::string_view> pairs;  // field, value

  bool Read(Context& ctx);

 private:
  bool ReadPairs(Context& ctx, size_t at);
};

bool SetOptions::Read(Context& ctx) {
  for (size_t i = 2; i < ctx.size(); ++i) {
    if (ctx.Is(i, "FIELDS")) return ReadPairs(ctx, i);
    const bool keeps = ctx.Is(i, "KEEPTTL"), present = ctx.Is(i, "FXX"), absent = ctx.Is(i, "FNX");
    if (keeps || ExpireTime::FormAt(ctx, i) != ExpireTime::Form::kNone) {
      if (keeps_end || end.given()) {
        ctx.reply.Error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
        return false;
      }
      keeps_end = keeps;
      if (keeps) continue;
      if (!end.option.Take(ctx, i)) {
        ctx.reply.Error("ERR missing expire time");
        return false;
      }
      if (!end.Read(ctx)) return false;
      ++i;
    } else if (present || absent) {
      if (all_present || all_absent) {
        ctx.reply.Error("ERR Only one of FXX or FNX arguments can be specified");
        return false;
      }
      (present ? all_present : all_absent) = true;
    } else {
      ctx.reply.Error("ERR unknown argument: " + std::string(ctx[i].substr(0, ctx[i].find('\0'))));
      return false;
    }
  }
  ctx.reply.Error(wire::WrongArity(ctx.command.name));
  return false;
}

bool SetOptions::ReadPairs(Context& ctx, size_t at) {
  int64_t count = 0;
  if (at + 3 < ctx.size()) {
    if (!ctx.ReadIntegerInRange(at + 1, 1, INT_MAX, &count, "ERR invalid number of fields")) return false;
    pairs = ctx.arguments().subspan(at + 2);
    if (pairs.size() % 2 == 0 && static_cast<uint64_t>(count) == pairs.size() / 2) return true;
  }
  ctx.reply.Error(wire::WrongArity(ctx.command.name));
  return false;
}

// Whether FXX or FNX lets the fields be set.
bool Allowed(const Context& ctx, const SetOptions& options, const OpenValue& hash) {
  if (!options.all_present && !options.all_absent) return true;
  const Hash present(hash.value(), ctx.now_ms());
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    if (present.Find(options.pairs[i]).has_value() != options.all_present) return false;
  }
  return true;
}

// As it came, but for the time, which becomes PXAT's.
void PropagateUnixTime(Context& ctx, const FieldEnd& end) {
  if (!ctx.propagates()) return;
  std::vector<EffectArgument> arguments(ctx.arguments().begin(), ctx.arguments().end());
  arguments[end.option.argument - 1] = "PXAT";
  arguments[end.option.argument] = end.unix_ms;
  ctx.PropagateAs(arguments);
}

// HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
//   PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]
void HsetEx(Context& ctx) {
  SetOptions options;
  if (!options.Read(ctx)) return;
  const FieldEnd& end = options.end;
  const Key key = ctx.Key(1);
  OpenValue hash(ctx.db, key);
  if (!ExpectType(ctx, hash, ValueType::kHash)) return;
  if (hash.exists()) {
    ctx.db.ExpireFields(key, hash, options.pairs, 2);
  } else {
    hash.Begin(PackedForm::kHash);
  }
  if (!Allowed(ctx, options, hash)) {
    ctx.reply.Integer(0);
    return CloseUnchanged(ctx, key, hash);
  }
  const storage::HashLimits limits = HashLimitsOf(ctx);
  const FieldExpiry expiry = options.keeps_end || end.given() ? FieldExpiry::kKept : FieldExpiry::kTakenAway;
  std::vector<std::string_view> fields;
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    const std::string_view field = options.pairs[i];
    storage::SetField(hash, field, options.pairs[i + 1], limits, expiry);
    if (!end.given()) continue;
    if (end.over) {
      storage::RemoveField(hash, field);
      fields.push_back(field);
    } else {
      storage::SetFieldExpiry(hash, field, end.unix_ms);
    }
  }
  const bool gone = hash.Close();
  ctx.reply.Integer(1);
  ctx.Changed(key, events::kHset.Times(options.pairs.size() / 2));
  if (end.given()) ctx.Changed(key, (end.over ? events::kHdel : events::kHexpire).Times(0));
  if (gone) ctx.Changed(key, events::kDelOfEmpty);
  if (end.over) {
    PropagateFields(ctx, {"HDEL", key.name}, fields);
  } else if (end.given() && end.option.form != ExpireTime::Form::kUnixMilliseconds) {
    PropagateUnixTime(ctx, end);
  }
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kGetDelKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete}};
constexpr KeySpec kGetExKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate,
                                  .notes = "RW and UPDATE because it changes when the fields end"}};
constexpr KeySpec kSetExKey[] = {{.flags = kKeyRw | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "hgetdel",
     .arity = -5,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .keys = kGetDelKey,
     .handler = HgetDel,
     .group = "hash",
     .since = "8.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Returns the values of fields and removes them.",
     .syntax = "key FIELDS numfields field [field ...]"},
    {.name = "hgetex",
     .arity = -5,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .keys = kGetExKey,
     .handler = HgetEx,
     .group = "hash",
     .since = "8.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Returns the values of fields and sets when they end.",
     .syntax =
         "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] "
         "FIELDS numfields field [field ...]"},
    {.name = "hsetex",
     .arity = -6,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .keys = kSetExKey,
     .handler = HsetEx,
     .group = "hash",
     .since = "8.0.0",
     .complexity = "O(N), N being the number of fields named.",
     .summary = "Sets fields of a hash and when they end.",
     .syntax = "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
               "unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]"},
};

}  // namespace

std::span<const CommandSpec> HashOptionCommands() { return kCommands; }

}  // namespace corral::commands
