// DEBUG subcommands about keys, values and tables.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/commands/server/dataset_digest.h"
#include "server/commands/server/debug_handlers.h"
#include "server/config/line.h"
#include "server/config/settings.h"
#include "server/config/value.h"
#include "storage/rdb/value_format.h"
#include "storage/record.h"
#include "storage/types/packed_list.h"

namespace corral::commands {
namespace {

using command::Context;

// Bytes of a value in an RDB file.
size_t SerializedBytes(const storage::Record& record, bool compress) {
  class Counter final : public storage::rdb::Sink {
   public:
    void Append(std::string_view bytes) override { bytes_ += bytes.size(); }
    size_t bytes() const { return bytes_; }

   private:
    size_t bytes_ = 0;
  } counter;
  storage::rdb::Writer out(counter, compress);
  storage::rdb::WriteValue(out, record);
  return counter.bytes();
}

// The key at position 2, or the error.
const storage::Record* FindKey(Context& ctx) {
  const storage::Record* record = ctx.db.Peek(ctx.Key(2));
  if (record == nullptr) ctx.reply.Error(protocol::wire::kNoSuchKey);
  return record;
}

// An element to a line of the standard output, with its number and where it lies.
void PrintElements(storage::PackedList list) {
  size_t index = 0;
  fmt::print("{{total bytes {}}} {{num entries {}}}\n", list.bytes(), list.count());
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    storage::IntegerText scratch;
    fmt::print("{{{}}} {{offset {}}} {{size {}}} {}\n", index++, at, list.ElementBytes(at),
               config::Quoted(list[at].Text(scratch)));
  }
  std::fflush(stdout);
}

}  // namespace

// DEBUG DIGEST
void DebugDigest(Context& ctx) {
  ctx.reply.Simple(Hex(DigestOfDataset(ctx.services.keyspace, ctx.now_ms())));
}

// DEBUG DIGEST-VALUE key [key ...]
void DebugDigestValue(Context& ctx) {
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) {
    ctx.reply.Simple(Hex(DigestOfValue(ctx.db.Peek(ctx.Key(i)))));
  }
}

// DEBUG HTSTATS dbid
void DebugHtstats(Context& ctx) {
  int64_t index = 0;
  if (!ctx.ReadInteger(2, &index)) return;
  if (index < 0 || index >= ctx.services.keyspace.databases()) {
    return ctx.reply.Error("ERR Out of range database");
  }
  const storage::Database database = ctx.Database(static_cast<int>(index));
  ctx.reply.Verbatim(
      "txt",
      fmt::format(
          "[Dictionary HT]\n shards: {}\n number of elements: {}\n[Expires HT]\n number of elements: {}\n",
          ctx.services.keyspace.shard_count(), database.size(), database.expiring_size()));
}

// DEBUG HTSTATS-KEY key
void DebugHtstatsKey(Context& ctx) {
  const storage::Record* record = FindKey(ctx);
  if (record == nullptr) return;
  const storage::Encoding encoding = record->encoding();
  if (encoding != storage::Encoding::kHashtable && encoding != storage::Encoding::kSkiplist) {
    return ctx.reply.Error(
        "ERR The value stored at the specified key is not represented using an hash table");
  }
  ctx.reply.Verbatim("txt", fmt::format("[Value HT]\n number of elements: {}\n bytes: {}\n",
                                        record->value().size(), record->allocated_bytes()));
}

// DEBUG LISTPACK key
void DebugListpack(Context& ctx) {
  const storage::Record* record = FindKey(ctx);
  if (record == nullptr) return;
  if (record->is_string() || !record->value().packed() || record->encoding() == storage::Encoding::kIntset) {
    return ctx.reply.Error("ERR Not a listpack encoded object.");
  }
  PrintElements(storage::PackedList(record->value().bytes()));
  ctx.reply.Simple("Listpack structure printed on stdout");
}

// DEBUG OBJECT key
void DebugObject(Context& ctx) {
  const storage::Record* record = FindKey(ctx);
  if (record == nullptr) return;
  const int64_t idle_s = ctx.db.IdleSeconds(ctx.Key(2));
  // Redis's 24-bit clock of last use, in seconds.
  const int64_t used_at = (ctx.now_ms() / 1000 - idle_s) & 0xffffff;
  ctx.reply.Simple(
      fmt::format("Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
                  fmt::ptr(static_cast<const void*>(record)), storage::NameOf(record->encoding()),
                  SerializedBytes(*record, ctx.services.settings.rdbcompression), used_at, idle_s));
}

// DEBUG QUICKLIST-PACKED-THRESHOLD size
void DebugPackedThreshold(Context& ctx) {
  constexpr uint64_t kMost = (uint64_t{1} << 32) - (1 << 20);
  const std::optional<uint64_t> bytes = config::ParseMemory(ctx[2]);
  if (!bytes || *bytes > kMost) {
    return ctx.reply.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  ctx.services.debug.large_element_bytes.store(*bytes == 0 ? SIZE_MAX : *bytes, std::memory_order_relaxed);
  ctx.reply.Ok();
}

// DEBUG POPULATE count [prefix [size]]
void DebugPopulate(Context& ctx) {
  constexpr std::string_view kError = "ERR value is out of range, must be positive";
  int64_t count = 0, size = 0;
  if (!ctx.ReadIntegerInRange(2, 0, INT64_MAX, &count, kError)) return;
  if (ctx.size() == 5 && !ctx.ReadIntegerInRange(4, 0, INT64_MAX, &size, kError)) return;
  const std::string prefix(ctx.size() > 3 ? ctx[3] : "key");
  std::string name, value;
  for (int64_t i = 0; i < count; ++i) {
    name = fmt::format("{}:{}", prefix, i);
    const storage::Key key = ctx.services.keyspace.MakeKey(name);
    if (ctx.db.Peek(key) != nullptr) continue;
    value = fmt::format("value:{}", i);
    if (size > 0) value.resize(static_cast<size_t>(size), '\0');
    ctx.db.PutString(key, value, {.try_integer = false});
    ctx.Changed(key, command::events::kSet);
  }
  ctx.reply.Ok();
}

// DEBUG SET-ACTIVE-EXPIRE 0|1
void DebugSetActiveExpire(Context& ctx) {
  ctx.services.debug.active_expiry.store(ctx[2] != "0", std::memory_order_relaxed);
  ctx.reply.Ok();
}

// DEBUG SET-SKIP-CHECKSUM-VALIDATION 0|1
void DebugSkipChecksum(Context& ctx) {
  ctx.services.debug.checksums_skipped.store(ctx[2] != "0", std::memory_order_relaxed);
  ctx.reply.Ok();
}

}  // namespace corral::commands
