// The bitmap family, bit by bit and whole strings: SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/bitmap/bit_offset.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/stored_result.h"
#include "storage/types/bitmap.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::BitOperation;
using storage::BitRange;
using storage::Key;
using storage::Record;
namespace events = command::events;

// SETBIT key offset value
void SetBit(Context& ctx) {
  uint64_t offset = 0;
  int64_t bit = 0;
  if (!ReadBitOffset(ctx, 2, &offset)) return;
  if (!ctx.ReadIntegerInRange(3, 0, 1, &bit, "ERR bit is not an integer or out of range")) return;
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  const std::string_view text = TextOf(record, scratch);
  const bool old_bit = storage::BitAt(text, offset);
  const bool changes = offset / 8 >= text.size() || old_bit != (bit == 1);
  // A value that does not change becomes raw all the same, as in Redis; what is raw is not touched, so that
  // a large one that a reply still needs is not copied.
  if (changes || record->encoding() != storage::Encoding::kRaw) {
    char* bytes = ctx.db.ResizeString(key, std::max<size_t>(text.size(), offset / 8 + 1));
    storage::SetBitAt(bytes, offset, bit == 1);
  }
  if (changes) ctx.Changed(key, events::kSetBit);
  ctx.reply.Integer(old_bit);
}

// GETBIT key offset
void GetBit(Context& ctx) {
  uint64_t offset = 0;
  if (!ReadBitOffset(ctx, 2, &offset)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  ctx.reply.Integer(storage::BitAt(TextOf(record, scratch), offset));
}

enum class RangeUnit : uint8_t { kByte, kBit };

bool ReadRangeUnit(Context& ctx, size_t i, RangeUnit* unit) {
  if (ctx.Is(i, "BIT")) {
    *unit = RangeUnit::kBit;
  } else if (ctx.Is(i, "BYTE")) {
    *unit = RangeUnit::kByte;
  } else {
    ctx.ReplySyntaxError();
    return false;
  }
  return true;
}

int64_t UnitsIn(std::string_view text, RangeUnit unit) {
  return static_cast<int64_t>(text.size()) * (unit == RangeUnit::kBit ? 8 : 1);
}

// Positions as clients give them, negative ones from the end, within a string of `total` units; false when
// nothing lies between them.
bool FindRange(int64_t start, int64_t end, int64_t total, RangeUnit unit, BitRange* range) {
  if (start < 0) start = std::max<int64_t>(start + total, 0);
  if (end < 0) end = std::max<int64_t>(end + total, 0);
  end = std::min(end, total - 1);
  if (start > end) return false;
  const auto first = static_cast<uint64_t>(start), last = static_cast<uint64_t>(end);
  *range = unit == RangeUnit::kBit ? BitRange{first, last} : BitRange{8 * first, 8 * last + 7};
  return true;
}

// BITCOUNT key [start end [BYTE | BIT]]
void BitCount(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Integer(0);
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  const std::string_view text = record->String(scratch);
  if (ctx.size() == 2) return ctx.reply.Integer(static_cast<int64_t>(storage::CountBits(text)));
  if (ctx.size() != 4 && ctx.size() != 5) return ctx.ReplySyntaxError();
  int64_t start = 0, end = 0;
  if (!ctx.ReadInteger(2, &start) || !ctx.ReadInteger(3, &end)) return;
  // In the wrong order counted from the end: nothing, however short the string is.
  if (start < 0 && end < 0 && start > end) return ctx.reply.Integer(0);
  RangeUnit unit = RangeUnit::kByte;
  if (ctx.size() == 5 && !ReadRangeUnit(ctx, 4, &unit)) return;
  BitRange range{};
  const bool any = FindRange(start, end, UnitsIn(text, unit), unit, &range);
  ctx.reply.Integer(any ? static_cast<int64_t>(storage::CountBits(text, range)) : 0);
}

// BITPOS key bit [start [end [BYTE | BIT]]]
void BitPos(Context& ctx) {
  int64_t bit = 0;
  if (!ctx.ReadInteger(2, &bit)) return;
  if (bit != 0 && bit != 1) return ctx.reply.Error("ERR The bit argument must be 1 or 0.");
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Integer(bit == 1 ? -1 : 0);
  if (!ExpectString(ctx, record)) return;
  if (ctx.size() > 6) return ctx.ReplySyntaxError();
  int64_t start = 0, end = -1;
  RangeUnit unit = RangeUnit::kByte;
  if (ctx.size() > 3 && !ctx.ReadInteger(3, &start)) return;
  if (ctx.size() > 5 && !ReadRangeUnit(ctx, 5, &unit)) return;
  const bool end_given = ctx.size() > 4;
  if (end_given && !ctx.ReadInteger(4, &end)) return;
  storage::IntegerText scratch;
  const std::string_view text = record->String(scratch);
  BitRange range{};
  if (!FindRange(start, end, UnitsIn(text, unit), unit, &range)) return ctx.reply.Integer(-1);
  const int64_t found = storage::FindBit(text, range, bit == 1);
  // Zeros follow a string whose end the client did not set.
  const bool behind = found == storage::kNoBit && bit == 0 && !end_given;
  ctx.reply.Integer(behind ? UnitsIn(text, RangeUnit::kBit) : found);
}

struct NamedOperation {
  std::string_view name;
  BitOperation operation;
  size_t least_sources;
};

constexpr NamedOperation kOperations[] = {
    {"AND", BitOperation::kAnd, 1},     {"OR", BitOperation::kOr, 1},     {"XOR", BitOperation::kXor, 1},
    {"NOT", BitOperation::kNot, 1},     {"DIFF", BitOperation::kDiff, 2}, {"DIFF1", BitOperation::kDiff1, 2},
    {"ANDOR", BitOperation::kAndOr, 2}, {"ONE", BitOperation::kOne, 1},
};

// Null after an error reply: no such operation, or one that takes another number of sources.
const NamedOperation* ReadOperation(Context& ctx, size_t sources) {
  const auto* found = std::ranges::find_if(
      kOperations, [&](const NamedOperation& operation) { return ctx.Is(1, operation.name); });
  if (found == std::end(kOperations)) {
    ctx.ReplySyntaxError();
    return nullptr;
  }
  const bool only_one = found->operation == BitOperation::kNot;
  if (sources >= found->least_sources && (sources == 1 || !only_one)) return found;
  ctx.reply.Error("ERR BITOP " + std::string(found->name) + " must be called with " +
                  (only_one ? "a single source key." : "at least two source keys."));
  return nullptr;
}

// BITOP <AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]
void BitOp(Context& ctx) {
  constexpr size_t kFirstSource = 3;
  const size_t count = ctx.size() - kFirstSource;
  const NamedOperation* named = ReadOperation(ctx, count);
  if (named == nullptr) return;
  std::vector<std::string_view> sources(count);
  std::vector<storage::IntegerText> scratch(count);
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    const Record* record = FindForRead(ctx, ctx.Key(kFirstSource + i));
    if (!ExpectString(ctx, record)) return;
    sources[i] = TextOf(record, scratch[i]);
    size = std::max(size, sources[i].size());
  }
  Key destination = ctx.Key(2);
  if (size == 0) {
    EraseForResult(ctx, destination);
    return ctx.reply.Integer(0);
  }
  storage::SharedBytes result = storage::SharedBytes::Allocate(size);
  result.SetSize(size);
  storage::CombineBits(named->operation, sources, result.data(), size);
  ctx.db.PutString(destination, std::move(result), {.raw = true});
  ctx.Changed(destination, events::kSet);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kPatchKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};
constexpr KeySpec kBitOpKeys[] = {{.flags = kKeyOw | kKeyUpdate, .begin_index = 2},
                                  {.flags = kKeyRo | kKeyAccess, .begin_index = 3, .last = -1}};

constexpr CommandSpec kCommands[] = {
    {.name = "setbit",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = kPatchKey,
     .handler = SetBit,
     .group = "bitmap",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Sets or clears one bit of a string and returns what it was.",
     .syntax = "key offset value"},
    {.name = "getbit",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatBitmap,
     .keys = command::kReadKey,
     .handler = GetBit,
     .group = "bitmap",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns one bit of a string.",
     .syntax = "key offset"},
    {.name = "bitcount",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatBitmap,
     .keys = command::kReadKey,
     .handler = BitCount,
     .group = "bitmap",
     .since = "2.6.0",
     .complexity = "O(N), N being the number of bytes looked at.",
     .summary = "Counts the bits that are set in a string or in a part of it.",
     .syntax = "key index=[start end index_unit=[BYTE | BIT]]"},
    {.name = "bitpos",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatBitmap,
     .keys = command::kReadKey,
     .handler = BitPos,
     .group = "bitmap",
     .since = "2.8.7",
     .complexity = "O(N), N being the number of bytes looked at.",
     .summary = "Finds the first bit that is set, or the first that is not.",
     .syntax = "key bit index=[start end_index=[end index_unit=[BYTE | BIT]]]"},
    {.name = "bitop",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = kBitOpKeys,
     .handler = BitOp,
     .group = "bitmap",
     .since = "2.6.0",
     .complexity = "O(N), N being the bytes of all sources.",
     .summary = "Combines strings bit by bit and stores the result.",
     .syntax = "operation=<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]"},
};

}  // namespace

std::span<const CommandSpec> BitmapCommands() { return kCommands; }

}  // namespace corral::commands
