// OBJECT: how a value is stored, and how recently or often it was used.
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using config::MaxmemoryPolicy;
using storage::Key;
using storage::Record;

bool CountsFrequency(MaxmemoryPolicy policy) {
  return policy == MaxmemoryPolicy::kAllkeysLfu || policy == MaxmemoryPolicy::kVolatileLfu;
}

bool TracksRecency(MaxmemoryPolicy policy) {
  return policy == MaxmemoryPolicy::kAllkeysLru || policy == MaxmemoryPolicy::kVolatileLru;
}

// The record that OBJECT asks about; nullptr after a null reply.
const Record* FindObject(Context& ctx, const Key& key) {
  const Record* record = ctx.db.Find(key, false);  // counted, and no event when it is missing
  if (record == nullptr) ctx.reply.Null();
  return record;
}

// OBJECT ENCODING key
void ObjectEncoding(Context& ctx) {
  const Record* record = FindObject(ctx, ctx.Key(2));
  if (record == nullptr) return;
  ctx.reply.Bulk(storage::NameOf(record->encoding()));
}

// OBJECT REFCOUNT key
void ObjectRefcount(Context& ctx) {
  const Record* record = FindObject(ctx, ctx.Key(2));
  if (record == nullptr) return;
  // Redis shares one object for each small integer and reports INT_MAX references to it, unless the eviction
  // policy needs an age per key. Test suites of clients check this.
  constexpr int64_t kSharedIntegers = 10000;
  const config::Settings& settings = ctx.services.settings;
  const bool per_key_age = settings.maxmemory_bytes != 0 && (TracksRecency(settings.maxmemory_policy) ||
                                                             CountsFrequency(settings.maxmemory_policy));
  const bool shared = !per_key_age && record->encoding() == storage::Encoding::kInt &&
                      record->integer() >= 0 && record->integer() < kSharedIntegers;
  ctx.reply.Integer(shared ? INT32_MAX : 1);
}

// OBJECT IDLETIME key
void ObjectIdletime(Context& ctx) {
  Key key = ctx.Key(2);
  if (FindObject(ctx, key) == nullptr) return;
  if (CountsFrequency(ctx.services.settings.maxmemory_policy)) {
    return ctx.reply.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  ctx.reply.Integer(ctx.db.IdleSeconds(key));
}

// OBJECT FREQ key
void ObjectFreq(Context& ctx) {
  Key key = ctx.Key(2);
  if (FindObject(ctx, key) == nullptr) return;
  if (!CountsFrequency(ctx.services.settings.maxmemory_policy)) {
    return ctx.reply.Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  ctx.reply.Integer(ctx.db.Frequency(key));
}

// OBJECT HELP
void ObjectHelp(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    How the value under the key is stored.",
      "FREQ <key>",
      "    How often the key was used, on a logarithmic scale. Needs an LFU maxmemory-policy.",
      "IDLETIME <key>",
      "    For how many seconds the key has not been used. Not under an LFU maxmemory-policy.",
      "REFCOUNT <key>",
      "    How many references there are to the value.",
  };
  ctx.ReplyHelp(kLines);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kObjectKey[] = {{.flags = kKeyRo, .begin_index = 2}};
constexpr std::string_view kTips[] = {"nondeterministic_output"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "encoding",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .keys = kObjectKey,
     .handler = ObjectEncoding,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Names the form in which a value is stored.",
     .syntax = "key",
     .tips = kTips},
    {.name = "freq",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .keys = kObjectKey,
     .handler = ObjectFreq,
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Tells how often a key was used, on a logarithmic scale.",
     .syntax = "key",
     .tips = kTips},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatKeyspace,
     .handler = ObjectHelp,
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of OBJECT.",
     .syntax = ""},
    {.name = "idletime",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .keys = kObjectKey,
     .handler = ObjectIdletime,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Tells for how many seconds a key has not been used.",
     .syntax = "key",
     .tips = kTips},
    {.name = "refcount",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .keys = kObjectKey,
     .handler = ObjectRefcount,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .summary = "Counts the references to a value.",
     .syntax = "key",
     .tips = kTips},
};

constexpr CommandSpec kCommands[] = {
    {.name = "object",
     .arity = -2,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells how values are stored and used.",
     .syntax = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ObjectCommands() { return kCommands; }

}  // namespace corral::commands
