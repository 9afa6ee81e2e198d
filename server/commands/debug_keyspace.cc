// DEBUG subcommands about keys, values and tables.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/commands/dataset_digest.h"
#include "server/commands/debug_handlers.h"
#include "storage/record.h"

namespace corral::commands {
namespace {

using command::Context;

std::string_view EncodingName(storage::Encoding encoding) {
  switch (encoding) {
    case storage::Encoding::kInt:
      return "int";
    case storage::Encoding::kEmbstr:
      return "embstr";
    case storage::Encoding::kRaw:
      return "raw";
  }
  return {};
}

// Bytes of a string in an RDB file, not compressed.
size_t SerializedBytes(const storage::Record& record) {
  if (record.encoding() == storage::Encoding::kInt) {
    const int64_t value = record.integer();
    if (value >= INT8_MIN && value <= INT8_MAX) return 2;
    if (value >= INT16_MIN && value <= INT16_MAX) return 3;
    if (value >= INT32_MIN && value <= INT32_MAX) return 5;
  }
  const size_t size = record.string_size();
  if (size < 64) return 1 + size;
  if (size < 16384) return 2 + size;
  return size <= UINT32_MAX ? 5 + size : 9 + size;
}

// The key at position 2, or the error.
const storage::Record* FindKey(Context& context) {
  const storage::Record* record = context.db.Peek(context.Key(2));
  if (record == nullptr) context.reply.Error(protocol::wire::kNoSuchKey);
  return record;
}

}  // namespace

// DEBUG DIGEST
void DebugDigest(Context& context) {
  context.reply.Simple(Hex(DigestOfDataset(context.services.keyspace, context.now_ms())));
}

// DEBUG DIGEST-VALUE key [key ...]
void DebugDigestValue(Context& context) {
  context.reply.Array(context.size() - 2);
  for (size_t i = 2; i < context.size(); i++) {
    context.reply.Simple(Hex(DigestOfValue(context.db.Peek(context.Key(i)))));
  }
}

// DEBUG HTSTATS dbid
void DebugHtstats(Context& context) {
  int64_t index = 0;
  if (!context.ReadInteger(2, &index)) return;
  if (index < 0 || index >= context.services.keyspace.databases()) {
    return context.reply.Error("ERR Out of range database");
  }
  const storage::Database database = context.Database(static_cast<int>(index));
  context.reply.Verbatim(
      "txt",
      fmt::format("[Dictionary HT]\n shards: {}\n number of elements: {}\n[Expires HT]\n number of elements: "
                  "{}\n",
                  context.services.keyspace.shard_count(), database.size(), database.expiring_size()));
}

// DEBUG HTSTATS-KEY key
void DebugHtstatsKey(Context& context) {
  if (FindKey(context) == nullptr) return;
  context.reply.Error("ERR The value stored at the specified key is not represented using an hash table");
}

// DEBUG LISTPACK key
void DebugListpack(Context& context) {
  if (FindKey(context) == nullptr) return;
  context.reply.Error("ERR Not a listpack encoded object.");
}

// DEBUG OBJECT key
void DebugObject(Context& context) {
  const storage::Record* record = FindKey(context);
  if (record == nullptr) return;
  const int64_t idle_s = context.db.IdleSeconds(context.Key(2));
  // Redis's 24-bit clock of last use, in seconds.
  const int64_t used_at = (context.now_ms() / 1000 - idle_s) & 0xffffff;
  context.reply.Simple(
      fmt::format("Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
                  fmt::ptr(static_cast<const void*>(record)), EncodingName(record->encoding()),
                  SerializedBytes(*record), used_at, idle_s));
}

// DEBUG POPULATE count [prefix [size]]
void DebugPopulate(Context& context) {
  constexpr std::string_view kError = "ERR value is out of range, must be positive";
  int64_t count = 0, size = 0;
  if (!context.ReadIntegerInRange(2, 0, INT64_MAX, &count, kError)) return;
  if (context.size() == 5 && !context.ReadIntegerInRange(4, 0, INT64_MAX, &size, kError)) return;
  const std::string prefix(context.size() > 3 ? context[3] : "key");
  std::string name, value;
  for (int64_t i = 0; i < count; i++) {
    name = fmt::format("{}:{}", prefix, i);
    const storage::Key key = context.services.keyspace.MakeKey(name);
    if (context.db.Peek(key) != nullptr) continue;
    value = fmt::format("value:{}", i);
    if (size > 0) value.resize(static_cast<size_t>(size), '\0');
    context.db.PutString(key, value, {.try_integer = false});
    context.Changed(name, command::events::kSet);
  }
  context.reply.Ok();
}

// DEBUG SET-ACTIVE-EXPIRE 0|1
void DebugSetActiveExpire(Context& context) {
  context.services.debug.active_expiry.store(context[2] != "0", std::memory_order_relaxed);
  context.reply.Ok();
}

}  // namespace corral::commands
