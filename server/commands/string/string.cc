// The string family, whole values: SET and its kin, GET and its kin.
#include <cstdint>
#include <optional>
#include <vector>

#include "server/commands/expire_time.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/stale_time.h"
#include "server/commands/stored_string.h"
#include "server/commands/string/put_argument.h"
#include "server/commands/string/value_condition.h"
#include "server/config/settings.h"
#include "storage/base/ascii.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool reply_old = false;
  bool keep_expiry = false;
  ExpireTime time;
  StaleTime stale;  // only with a time
  ValueCondition condition;
  bool conditional() const { return if_absent || if_present || condition.given(); }
};

// The options of SET behind key and value, in any order. When two contradict each other, the second one is
// the error.
bool ReadSetOptions(Context& ctx, SetOptions* options) {
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (ctx.Is(i, "NX") && !options->if_present && !options->condition.given()) {
      options->if_absent = true;
    } else if (ctx.Is(i, "XX") && !options->if_absent && !options->condition.given()) {
      options->if_present = true;
    } else if (!options->if_absent && !options->if_present && options->condition.Take(ctx, i)) {
      ++i;
    } else if (ctx.Is(i, "GET")) {
      options->reply_old = true;
    } else if (ctx.Is(i, "KEEPTTL") && !options->time.given() && !options->stale.given()) {
      options->keep_expiry = true;
    } else if (!options->keep_expiry && (options->time.Take(ctx, i) || options->stale.Take(ctx, i))) {
      ++i;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  if (!options->stale.given() || options->time.given()) return true;
  ctx.ReplySyntaxError();
  return false;
}

// Replies with the present value, as GET does. False when the key holds no string: then the error is written.
bool ReplyPresent(Context& ctx, const Key& key) {
  const Record* record = FindForRead(ctx, key);
  if (record == nullptr) {
    ctx.reply.Null();
    return true;
  }
  if (!ExpectString(ctx, record)) return false;
  ReplyString(ctx.reply, *record);
  return true;
}

// Whether the present value lets SET store another; nothing after an error reply.
std::optional<bool> MayStore(Context& ctx, const Key& key, const SetOptions& options) {
  if (!options.conditional()) return true;
  const Record* record = FindForWrite(ctx, key);
  if (!options.condition.given()) return (record != nullptr) == options.if_present;
  if (!ExpectString(ctx, record)) return std::nullopt;
  return options.condition.Met(ctx, record);
}

// GET asks and changes nothing.
void PropagateWithoutGet(Context& ctx) {
  if (!ctx.propagates()) return;
  std::vector<command::EffectArgument> kept;
  for (size_t i = 0; i < ctx.size(); ++i) {
    if (i < 3 || !ctx.Is(i, "GET")) kept.emplace_back(ctx[i]);
  }
  ctx.PropagateAs(kept);
}

void SetWithOptions(Context& ctx, const SetOptions& options, size_t value) {
  storage::PutOptions put{.keep_expiry = options.keep_expiry};
  if (options.time.given() && !options.time.Read(ctx, &put.expire_at_ms)) return;
  if (options.stale.given()) {
    put.fresh_until_ms = put.expire_at_ms;
    if (!options.stale.Extend(ctx, put.fresh_until_ms, &put.expire_at_ms)) return;
  }
  Key key = ctx.Key(1);
  const std::optional<bool> may_store = MayStore(ctx, key, options);
  if (!may_store || (options.reply_old && !ReplyPresent(ctx, key))) return;
  if (!*may_store) {
    if (!options.reply_old) ctx.reply.Null();
    return;
  }
  PutArgument(ctx, key, value, put);
  ctx.Changed(key, events::kSet);
  if (options.time.given()) ctx.Changed(key, events::kExpireOfSet);
  // A comparison that was met needs no second one: other servers do not know it.
  if (options.time.given() || options.condition.given()) {
    PropagateAsSet(ctx, key, value, put);
  } else if (options.reply_old) {
    PropagateWithoutGet(ctx);
  }
  if (!options.reply_old) ctx.reply.Ok();
}

// SET key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest] [GET]
//   [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]
//   [SWR seconds | PSWR milliseconds]
void Set(Context& ctx) {
  if (ctx.size() == 3) [[likely]] {
    Key key = ctx.Key(1);
    PutArgument(ctx, key, 2);
    ctx.Changed(key, events::kSet);
    ctx.reply.Ok();
    return;
  }
  SetOptions options;
  if (ReadSetOptions(ctx, &options)) SetWithOptions(ctx, options, 2);
}

// SETNX key value
void SetNx(Context& ctx) {
  Key key = ctx.Key(1);
  if (FindForWrite(ctx, key) != nullptr) return ctx.reply.Integer(0);
  PutArgument(ctx, key, 2);
  ctx.Changed(key, events::kSet);
  ctx.reply.Integer(1);
}

// SETEX key seconds value
void SetEx(Context& ctx) {
  SetWithOptions(ctx, {.time = {ExpireTime::Form::kSeconds, 2}, .stale = {}, .condition = {}}, 3);
}

// PSETEX key milliseconds value
void PSetEx(Context& ctx) {
  SetWithOptions(ctx, {.time = {ExpireTime::Form::kMilliseconds, 2}, .stale = {}, .condition = {}}, 3);
}

// GET key
void Get(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Null();
  if (ExpectString(ctx, record)) ReplyString(ctx.reply, *record);
}

// GETSET key value
void GetSet(Context& ctx) {
  Key key = ctx.Key(1);
  if (!ReplyPresent(ctx, key)) return;
  PutArgument(ctx, key, 2);
  ctx.Changed(key, events::kSet);
  ctx.PropagateAs({"SET", key.name, ctx[2]});
}

// GETDEL key
void GetDel(Context& ctx) {
  Key key = ctx.Key(1);
  if (!ReplyPresent(ctx, key)) return;
  const bool lazy = ctx.services.settings.lazyfree_lazy_user_del;
  if (ctx.db.Erase(key, ReclaimWhen(lazy))) {
    ctx.Changed(key, events::kDel);
    ctx.PropagateAs({command::DeletionName(lazy), key.name});
  } else {
    ctx.services.effects.AbsentKeyDeleted(ctx.db, key);
  }
}

// GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]
void GetEx(Context& ctx) {
  ExpireTime time;
  bool persist = false;
  for (size_t i = 2; i < ctx.size(); ++i) {
    if (ctx.Is(i, "PERSIST") && !time.given()) {
      persist = true;
    } else if (!persist && time.Take(ctx, i)) {
      ++i;
    } else {
      return ctx.ReplySyntaxError();
    }
  }
  Key key = ctx.Key(1);
  const Record* record = FindForRead(ctx, key);
  if (record == nullptr) return ctx.reply.Null();
  if (!ExpectString(ctx, record)) return;
  int64_t expire_at_ms = storage::kNoExpiry;
  if (time.given() && !time.Read(ctx, &expire_at_ms)) return;
  ReplyString(ctx.reply, *record);
  if (time.given() && expire_at_ms <= ctx.now_ms()) {
    EraseAsExpired(ctx, key);
  } else if (time.given()) {
    ctx.db.SetExpiry(key, expire_at_ms);
    ctx.Changed(key, events::kExpire);
    ctx.PropagateAs({"PEXPIREAT", key.name, expire_at_ms});
  } else if (persist && record->expire_at_ms() != storage::kNoExpiry) {
    ctx.db.SetExpiry(key, storage::kNoExpiry);
    ctx.Changed(key, events::kPersist);
    ctx.PropagateAs({"PERSIST", key.name});
  }
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

// SET reads the key only to answer GET or to compare its value.
uint16_t SetKeyFlags(std::span<const std::string_view> arguments) {
  bool get = false, compares = false;
  for (size_t i = 3; i < arguments.size(); ++i) {
    const auto is = [&](std::string_view word) { return storage::EqualInAnyCase(arguments[i], word); };
    get |= is("get");
    compares |= is("ifeq") || is("ifne") || is("ifdeq") || is("ifdne");
  }
  if (get) return kKeyRw | kKeyAccess | kKeyUpdate;
  return compares ? kKeyRw | kKeyUpdate : kKeyOw | kKeyUpdate;
}

constexpr KeySpec kSetKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate | kKeyVariableFlags,
                                .notes = "RW and ACCESS due to the optional `GET` argument",
                                .flags_of = SetKeyFlags}};
constexpr KeySpec kGetExKey[] = {
    {.flags = kKeyRw | kKeyAccess | kKeyUpdate, .notes = "RW and UPDATE because it changes the TTL"}};
constexpr KeySpec kInsertKey[] = {{.flags = kKeyOw | kKeyInsert}};
constexpr KeySpec kOverwriteKey[] = {{.flags = kKeyOw | kKeyUpdate}};
constexpr KeySpec kReplaceKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};
constexpr KeySpec kTakeKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete}};

constexpr CommandSpec kCommands[] = {
    {.name = "set",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kSetKey,
     .handler = Set,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Stores a string under a key, whatever was there before.",
     .syntax =
         "key value condition=[NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE "
         "ifdne-digest] [GET] expiration=[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
         "unix-time-milliseconds | KEEPTTL] [SWR seconds | PSWR milliseconds]"},
    {.name = "setnx",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kInsertKey,
     .handler = SetNx,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Stores a string under a key that is not there yet.",
     .syntax = "key value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `NX` argument"},
    {.name = "setex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kOverwriteKey,
     .handler = SetEx,
     .group = "string",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Stores a string that lives for a number of seconds.",
     .syntax = "key seconds value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `EX` argument"},
    {.name = "psetex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kOverwriteKey,
     .handler = PSetEx,
     .group = "string",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Stores a string that lives for a number of milliseconds.",
     .syntax = "key milliseconds value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `PX` argument"},
    {.name = "get",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .keys = command::kReadKey,
     .handler = Get,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the string under a key.",
     .syntax = "key"},
    {.name = "getset",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kReplaceKey,
     .handler = GetSet,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Stores a string and returns the one that it replaces.",
     .syntax = "key value",
     .deprecated_since = "6.2.0",
     .replaced_by = "`SET` with the `!GET` argument"},
    {.name = "getdel",
     .arity = 2,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = kTakeKey,
     .handler = GetDel,
     .group = "string",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns the string under a key and deletes the key.",
     .syntax = "key"},
    {.name = "getex",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = kGetExKey,
     .handler = GetEx,
     .group = "string",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Returns the string under a key and may change when the key expires.",
     .syntax = "key expiration=[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
               "unix-time-milliseconds | PERSIST]"},
};

}  // namespace

std::span<const CommandSpec> StringCommands() { return kCommands; }

}  // namespace corral::commands
