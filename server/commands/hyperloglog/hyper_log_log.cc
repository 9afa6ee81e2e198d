// The HyperLogLog family: PFADD, PFCOUNT, PFMERGE, and what tests ask of the representation.
#include "storage/types/hyper_log_log.h"

#include <cstdint>
#include <string>

#include "server/commands/families.h"
#include "server/commands/hyperloglog/self_test.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::HyperLogLog;
using storage::Key;
using storage::Record;
namespace events = command::events;

constexpr std::string_view kCorrupt = "INVALIDOBJ Corrupted HLL object detected";

// The string under a key, opened for change; its encoding becomes raw. Nothing else touches the key
// meanwhile.
class OpenString final : public storage::PackedBuffer {
 public:
  // `size`: that of the present string; an absent key gets zero bytes.
  OpenString(storage::Database& database, const Key& key, size_t size) : database_(database), key_(key) {
    Resize(size);
  }

 private:
  void Resize(size_t size) override {
    data_ = database_.ResizeString(key_, size);
    size_ = size;
  }

  storage::Database& database_;
  const Key key_;
};

OpenString OpenOrCreate(Context& ctx, const Key& key, const Record* record) {
  if (record != nullptr) return OpenString(ctx.db, key, record->string_size());
  OpenString buffer(ctx.db, key, HyperLogLog::kEmptyBytes);
  std::string_view(HyperLogLog::kEmpty, HyperLogLog::kEmptyBytes).copy(buffer.data(), buffer.size());
  return buffer;
}

// True for an absent key and for a string that looks like a HyperLogLog; answers an error otherwise.
bool ExpectHyperLogLog(Context& ctx, const Record* record) {
  if (record == nullptr) return true;
  if (!ExpectString(ctx, record)) return false;
  storage::IntegerText scratch;
  if (HyperLogLog::HasHeader(record->String(scratch))) return true;
  ctx.reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return false;
}

// PFADD key [element [element ...]]
void PfAdd(Context& ctx) {
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectHyperLogLog(ctx, record)) return;
  uint64_t changes = record == nullptr;
  bool corrupt = false;
  OpenString buffer = OpenOrCreate(ctx, key, record);
  for (size_t i = 2; i < ctx.size() && !corrupt; ++i) {
    const auto change = HyperLogLog::Add(buffer, ctx[i], ctx.services.settings.hll_sparse_max_bytes);
    changes += change == HyperLogLog::Change::kChanged;
    corrupt = change == HyperLogLog::Change::kCorrupt;
  }
  if (changes != 0) {
    HyperLogLog::MarkChanged(buffer);
    ctx.Changed(key, events::kPfAdd.Times(changes));
  }
  if (corrupt) return ctx.reply.Error(kCorrupt);
  ctx.reply.Integer(changes != 0);
}

// Merges the values of arguments `first` and on into the registers. False after an error reply. *any_dense,
// if asked for: whether one of them is dense.
bool MergeKeys(Context& ctx, size_t first, HyperLogLog::Registers* registers, bool* any_dense = nullptr) {
  for (size_t i = first; i < ctx.size(); ++i) {
    const Record* record = FindForRead(ctx, ctx.Key(i));
    if (!ExpectHyperLogLog(ctx, record)) return false;
    if (record == nullptr) continue;
    storage::IntegerText scratch;
    const std::string_view bytes = record->String(scratch);
    if (any_dense != nullptr) *any_dense |= HyperLogLog::IsDense(bytes);
    if (!HyperLogLog::MergeInto(bytes, registers)) {
      ctx.reply.Error(kCorrupt);
      return false;
    }
  }
  return true;
}

// The count of one key is kept in its bytes, and read from there until an element is new.
void CountOne(Context& ctx) {
  Key key = ctx.Key(1);
  const Record* record = FindForRead(ctx, key);
  if (record == nullptr) return ctx.reply.Integer(0);
  if (!ExpectHyperLogLog(ctx, record)) return;
  storage::IntegerText scratch;
  const std::string_view bytes = record->String(scratch);
  uint64_t count = 0;
  const bool kept = HyperLogLog::CachedCount(bytes, &count);
  HyperLogLog::Registers registers{};
  if (!kept && !HyperLogLog::MergeInto(bytes, &registers)) return ctx.reply.Error(kCorrupt);
  if (!kept || record->encoding() != storage::Encoding::kRaw) {
    OpenString buffer(ctx.db, key, bytes.size());
    if (!kept) {
      count = HyperLogLog::Count(registers);
      HyperLogLog::CacheCount(buffer, count);
      ctx.Changed(key, events::kPfForm);
    }
  }
  ctx.reply.Integer(static_cast<int64_t>(count));
}

// PFCOUNT key [key ...]
void PfCount(Context& ctx) {
  if (ctx.size() == 2) return CountOne(ctx);
  HyperLogLog::Registers registers{};
  if (!MergeKeys(ctx, 1, &registers)) return;
  ctx.reply.Integer(static_cast<int64_t>(HyperLogLog::Count(registers)));
}

// PFMERGE destkey [sourcekey [sourcekey ...]]
void PfMerge(Context& ctx) {
  HyperLogLog::Registers registers{};
  bool dense = false;
  if (!MergeKeys(ctx, 1, &registers, &dense)) return;
  Key key = ctx.Key(1);
  OpenString buffer = OpenOrCreate(ctx, key, FindForWrite(ctx, key));
  if (dense && !HyperLogLog::MakeDense(buffer)) return ctx.reply.Error(kCorrupt);
  for (unsigned i = 0; i < HyperLogLog::kRegisters; ++i) {
    if (registers[i] == 0) continue;
    HyperLogLog::SetRegister(buffer, i, registers[i], ctx.services.settings.hll_sparse_max_bytes);
  }
  HyperLogLog::MarkChanged(buffer);
  ctx.Changed(key, events::kPfAdd);
  ctx.reply.Ok();
}

// False after an error reply. *converted: whether it was sparse.
bool MakeDense(Context& ctx, const Key& key, OpenString& buffer, bool* converted) {
  *converted = !HyperLogLog::IsDense(buffer.view());
  if (!HyperLogLog::MakeDense(buffer)) {
    ctx.reply.Error(kCorrupt);
    return false;
  }
  if (*converted) ctx.Changed(key, events::kPfForm);
  return true;
}

void ReplyRegisters(Context& ctx, std::string_view dense) {
  HyperLogLog::Registers registers{};
  if (!HyperLogLog::MergeInto(dense, &registers)) return ctx.reply.Error(kCorrupt);
  ctx.reply.Array(registers.size());
  for (const uint8_t value : registers) ctx.reply.Integer(value);
}

// PFDEBUG <GETREG | DECODE | ENCODING | TODENSE> key
void PfDebug(Context& ctx) {
  Key key = ctx.Key(2);
  const Record* record = FindForWrite(ctx, key);
  if (record == nullptr) return ctx.reply.Error("ERR The specified key does not exist");
  if (!ExpectHyperLogLog(ctx, record)) return;
  OpenString buffer = OpenOrCreate(ctx, key, record);
  bool converted = false;
  if (ctx.Is(1, "GETREG")) {
    if (MakeDense(ctx, key, buffer, &converted)) ReplyRegisters(ctx, buffer.view());
  } else if (ctx.Is(1, "DECODE")) {
    if (HyperLogLog::IsDense(buffer.view())) return ctx.reply.Error("ERR HLL encoding is not sparse");
    ctx.reply.Bulk(HyperLogLog::DescribeRuns(buffer.view()));
  } else if (ctx.Is(1, "ENCODING")) {
    ctx.reply.Simple(HyperLogLog::IsDense(buffer.view()) ? "dense" : "sparse");
  } else if (ctx.Is(1, "TODENSE")) {
    if (MakeDense(ctx, key, buffer, &converted)) ctx.reply.Integer(converted);
  } else {
    ctx.reply.Error("ERR Unknown PFDEBUG subcommand '" + std::string(ctx[1]) + "'");
  }
}

// PFSELFTEST
void PfSelfTest(Context& ctx) {
  constexpr uint64_t kElements = 100'000;
  const std::string error = TestHyperLogLogs(kElements, static_cast<uint64_t>(ctx.now_ms()));
  if (!error.empty()) return ctx.reply.Error(error);
  ctx.reply.Ok();
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kAddKey[] = {{.flags = kKeyRw | kKeyInsert}};
constexpr KeySpec kCountKeys[] = {
    {.flags = kKeyRw | kKeyAccess,
     .last = -1,
     .notes = "RW because it may change the internal representation of the key, and propagate to replicas"}};
constexpr KeySpec kMergeKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyInsert},
                                  {.flags = kKeyRo | kKeyAccess, .begin_index = 2, .last = -1}};
constexpr KeySpec kDebugKey[] = {{.flags = kKeyRw | kKeyAccess, .begin_index = 2}};

constexpr CommandSpec kCommands[] = {
    {.name = "pfadd",
     .arity = -2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHyperLogLog,
     .keys = kAddKey,
     .handler = PfAdd,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1) for each element.",
     .summary = "Adds elements to a HyperLogLog; an absent key counts as empty.",
     .syntax = "key [element [element ...]]"},
    {.name = "pfcount",
     .arity = -2,
     .flags = kReadonly | kHeldWithWrites,
     .categories = kCatHyperLogLog,
     .keys = kCountKeys,
     .handler = PfCount,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1) for one key, O(N) for N keys with a large constant.",
     .summary = "Estimates how many different elements HyperLogLogs have seen together.",
     .syntax = "key [key ...]"},
    {.name = "pfmerge",
     .arity = -2,
     .flags = kWrite | kDenyOom,
     .categories = kCatHyperLogLog,
     .keys = kMergeKeys,
     .handler = PfMerge,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(N), N being the number of keys, with a large constant.",
     .summary = "Merges HyperLogLogs into one.",
     .syntax = "destkey [sourcekey [sourcekey ...]]"},
    {.name = "pfdebug",
     .arity = 3,
     .flags = kWrite | kDenyOom | kAdmin,
     .categories = kCatHyperLogLog,
     .keys = kDebugKey,
     .handler = PfDebug,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(N), N being the bytes of the HyperLogLog.",
     .summary = "Shows and changes how a HyperLogLog is represented.",
     .syntax = "subcommand key"},
    {.name = "pfselftest",
     .arity = 1,
     .flags = kAdmin,
     .categories = kCatHyperLogLog,
     .handler = PfSelfTest,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1), some milliseconds.",
     .summary = "Tests HyperLogLogs and says whether they work.",
     .syntax = ""},
};

}  // namespace

std::span<const CommandSpec> HyperLogLogCommands() { return kCommands; }

}  // namespace corral::commands
