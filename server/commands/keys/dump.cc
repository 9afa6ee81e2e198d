// Values as bytes and back: DUMP and RESTORE.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/command/debug_switches.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/rdb/value_format.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace rdb = storage::rdb;

// DUMP key
void Dump(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Null();
  ctx.reply.Bulk(rdb::WritePayload(*record, ctx.services.settings.rdbcompression));
}

rdb::Limits LimitsOf(const config::Settings& settings) {
  return {.list = storage::ListNodeLimit::Of(settings.list_max_listpack_size),
          .set = {.int_set_entries = settings.set_max_intset_entries,
                  .packed_entries = settings.set_max_listpack_entries,
                  .packed_bytes = settings.set_max_listpack_value},
          .hash = {.packed_fields = settings.hash_max_listpack_entries,
                   .packed_bytes = settings.hash_max_listpack_value},
          .zset = {.members = settings.zset_max_listpack_entries,
                   .member_bytes = settings.zset_max_listpack_value}};
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::optional<int64_t> idle_s;
  std::optional<int64_t> frequency;
};

// False after an error reply.
bool ReadOptions(Context& ctx, RestoreOptions* options) {
  for (size_t i = 4; i < ctx.size(); ++i) {
    int64_t number = 0;
    if (ctx.Is(i, "REPLACE")) {
      options->replace = true;
    } else if (ctx.Is(i, "ABSTTL")) {
      options->absolute = true;
    } else if (ctx.Is(i, "IDLETIME") && i + 1 < ctx.size() && !options->frequency) {
      if (!ctx.ReadInteger(++i, &number)) return false;
      if (number < 0) {
        ctx.reply.Error("ERR Invalid IDLETIME value, must be >= 0");
        return false;
      }
      options->idle_s = number;
    } else if (ctx.Is(i, "FREQ") && i + 1 < ctx.size() && !options->idle_s) {
      if (!ctx.ReadInteger(++i, &number)) return false;
      if (number < 0 || number > 255) {
        ctx.reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
        return false;
      }
      options->frequency = number;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

void Store(Context& ctx, const Key& key, rdb::LoadedValue&& loaded, int64_t expire_at_ms) {
  const storage::PutOptions options{.expire_at_ms = expire_at_ms};
  if (loaded.is_string) {
    ctx.db.PutString(key, loaded.text, options);
  } else {
    ctx.db.PutValue(key, std::move(loaded.value), options,
                    ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del));
  }
}

// What the value would expire with is over: nothing is created, and what was there goes.
void EraseInstead(Context& ctx, const Key& key) {
  const bool lazy = ctx.services.settings.lazyfree_lazy_server_del;
  if (ctx.db.Erase(key, ReclaimWhen(lazy))) {
    ctx.Changed(key, events::kDel);
    ctx.PropagateAs({lazy ? "UNLINK" : "DEL", key.name});
  }
  ctx.reply.Ok();
}

// The same with the time at which it expires.
void PropagateUnixTime(Context& ctx, int64_t expire_at_ms) {
  if (!ctx.propagates()) return;
  std::vector<command::EffectArgument> arguments{ctx[0], ctx[1], expire_at_ms};
  for (size_t i = 3; i < ctx.size(); ++i) arguments.emplace_back(ctx[i]);
  arguments.emplace_back("ABSTTL");
  ctx.PropagateAs(arguments);
}

// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
void Restore(Context& ctx) {
  RestoreOptions options;
  if (!ReadOptions(ctx, &options)) return;
  const Key key = ctx.Key(1);
  if (!options.replace && ctx.db.Peek(key) != nullptr) {
    return ctx.reply.Error("BUSYKEY Target key name already exists.");
  }
  int64_t ttl_ms = 0;
  if (!ctx.ReadInteger(2, &ttl_ms)) return;
  if (ttl_ms < 0) return ctx.reply.Error("ERR Invalid TTL value, must be >= 0");
  if (!rdb::VerifyPayload(ctx[3], ctx.services.debug.checksums_skipped.load(std::memory_order_relaxed))) {
    return ctx.reply.Error("ERR DUMP payload version or checksum are wrong");
  }
  rdb::LoadedValue loaded;
  if (!rdb::ReadPayload(ctx[3], LimitsOf(ctx.services.settings), &loaded)) {
    return ctx.reply.Error("ERR Bad data format");
  }

  int64_t expire_at_ms = storage::kNoExpiry;
  if (ttl_ms != 0) {
    // A sum beyond int64 lies in the past, as it does in Redis.
    const uint64_t from_ms = options.absolute ? 0 : static_cast<uint64_t>(ctx.now_ms());
    expire_at_ms = static_cast<int64_t>(from_ms + static_cast<uint64_t>(ttl_ms));
    if (expire_at_ms <= ctx.now_ms()) return EraseInstead(ctx, key);
  }
  ctx.db.Erase(key, ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del));
  Store(ctx, key, std::move(loaded), expire_at_ms);
  if (options.idle_s) ctx.db.SetIdleSeconds(key, *options.idle_s);
  if (options.frequency) ctx.db.SetFrequency(key, static_cast<int>(*options.frequency));
  ctx.Changed(key, events::kRestore);
  if (ttl_ms != 0 && !options.absolute) PropagateUnixTime(ctx, expire_at_ms);
  ctx.reply.Ok();
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kRestoreKey[] = {{.flags = kKeyOw | kKeyUpdate}};
constexpr std::string_view kTips[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "dump",
     .arity = 2,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .keys = command::kReadKey,
     .handler = Dump,
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(N), N being the bytes of the value.",
     .summary = "Returns a value as bytes that RESTORE takes.",
     .syntax = "key",
     .tips = kTips},
    {.name = "restore",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatKeyspace | kCatDangerous,
     .keys = kRestoreKey,
     .handler = Restore,
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(N), N being the bytes of the value; O(N log M) for sorted sets, M being the members.",
     .summary = "Creates a key from bytes that DUMP returned.",
     .syntax = "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]"},
};

}  // namespace

std::span<const CommandSpec> DumpCommands() { return kCommands; }

}  // namespace corral::commands
