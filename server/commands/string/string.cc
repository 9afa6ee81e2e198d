// The string family, whole values: SET and its kin, GET and its kin, and their forms for several keys.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/client/client.h"
#include "server/commands/expire_time.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/stale_time.h"
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

// Stores the i-th argument: a big one in the buffer in which it arrived.
void Put(Context& ctx, const Key& key, size_t i, const storage::PutOptions& options = {}) {
  if (storage::SharedBytes buffer = ctx.client.reader.BufferOf(ctx[i])) [[unlikely]] {
    ctx.db.PutString(key, std::move(buffer), options);
  } else {
    ctx.db.PutString(key, ctx[i], options);
  }
}

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool reply_old = false;
  bool keep_expiry = false;
  ExpireTime time;
  StaleTime stale;  // only with a time
};

// The options of SET behind key and value, in any order. When two contradict each other, the second one is
// the error.
bool ReadSetOptions(Context& ctx, SetOptions* options) {
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (ctx.Is(i, "NX") && !options->if_present) {
      options->if_absent = true;
    } else if (ctx.Is(i, "XX") && !options->if_absent) {
      options->if_present = true;
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

void SetWithOptions(Context& ctx, const SetOptions& options, size_t value) {
  storage::PutOptions put{.keep_expiry = options.keep_expiry};
  if (options.time.given() && !options.time.Read(ctx, &put.expire_at_ms)) return;
  if (options.stale.given()) {
    put.fresh_until_ms = put.expire_at_ms;
    if (!options.stale.Extend(ctx, put.fresh_until_ms, &put.expire_at_ms)) return;
  }
  Key key = ctx.Key(1);
  if (options.reply_old && !ReplyPresent(ctx, key)) return;
  if (options.if_absent || options.if_present) {
    bool present = FindForWrite(ctx, key) != nullptr;
    if (present != options.if_present) {
      if (!options.reply_old) ctx.reply.Null();
      return;
    }
  }
  Put(ctx, key, value, put);
  ctx.Changed(key, events::kSet);
  if (options.time.given()) ctx.Changed(key, events::kExpireOfSet);
  if (!options.reply_old) ctx.reply.Ok();
}

// SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
//   PXAT unix-time-milliseconds | KEEPTTL] [SWR seconds | PSWR milliseconds]
void Set(Context& ctx) {
  if (ctx.size() == 3) [[likely]] {
    Key key = ctx.Key(1);
    Put(ctx, key, 2);
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
  Put(ctx, key, 2);
  ctx.Changed(key, events::kSet);
  ctx.reply.Integer(1);
}

// SETEX key seconds value
void SetEx(Context& ctx) { SetWithOptions(ctx, {.time = {ExpireTime::Form::kSeconds, 2}, .stale = {}}, 3); }

// PSETEX key milliseconds value
void PSetEx(Context& ctx) {
  SetWithOptions(ctx, {.time = {ExpireTime::Form::kMilliseconds, 2}, .stale = {}}, 3);
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
  Put(ctx, key, 2);
  ctx.Changed(key, events::kSet);
}

// GETDEL key
void GetDel(Context& ctx) {
  Key key = ctx.Key(1);
  if (!ReplyPresent(ctx, key)) return;
  if (ctx.db.Erase(key, ReclaimWhen(ctx.services.settings.lazyfree_lazy_user_del))) {
    ctx.Changed(key, events::kDel);
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
    ctx.db.Erase(key, ReclaimWhen(ctx.services.settings.lazyfree_lazy_expire));
    ctx.Changed(key, events::kDel);
  } else if (time.given()) {
    ctx.db.SetExpiry(key, expire_at_ms);
    ctx.Changed(key, events::kExpire);
  } else if (persist && record->expire_at_ms() != storage::kNoExpiry) {
    ctx.db.SetExpiry(key, storage::kNoExpiry);
    ctx.Changed(key, events::kPersist);
  }
}

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
    Put(ctx, key, i + 1);
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

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

// SET reads the key only to answer GET.
uint16_t SetKeyFlags(std::span<const std::string_view> arguments) {
  auto is_get = [](std::string_view word) { return storage::EqualInAnyCase(word, "get"); };
  bool get = arguments.size() > 3 && std::any_of(arguments.begin() + 3, arguments.end(), is_get);
  return get ? kKeyRw | kKeyAccess | kKeyUpdate : kKeyOw | kKeyUpdate;
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
constexpr KeySpec kOverwritePairs[] = {{.flags = kKeyOw | kKeyUpdate, .last = -1, .step = 2}};
constexpr KeySpec kInsertPairs[] = {{.flags = kKeyOw | kKeyInsert, .last = -1, .step = 2}};

constexpr std::string_view kManyShards[] = {"request_policy:multi_shard"};
constexpr std::string_view kManyShardsAll[] = {"request_policy:multi_shard", "response_policy:all_succeeded"};
constexpr std::string_view kManyShardsLeast[] = {"request_policy:multi_shard", "response_policy:agg_min"};

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
         "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] [SWR seconds | PSWR milliseconds]"},
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
     .syntax =
         "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]"},
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
};

}  // namespace

std::span<const CommandSpec> StringCommands() { return kCommands; }

}  // namespace corral::commands
