// The bitmap family, integers within strings: BITFIELD and BITFIELD_RO.
#include "storage/types/bit_field.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/commands/bitmap/bit_offset.h"
#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "storage/base/ascii.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::BitField;
using storage::BitOverflow;
using storage::Key;
using storage::Record;
namespace events = command::events;

struct FieldOperation {
  enum class Kind : uint8_t { kGet, kSet, kIncrBy };
  Kind kind = Kind::kGet;
  BitOverflow overflow = BitOverflow::kWrap;
  BitField field;
  int64_t number = 0;  // kSet: the value, kIncrBy: what is added
};

bool ReadFieldType(Context& ctx, size_t i, BitField* field) {
  const std::string_view text = ctx[i];
  int64_t bits = 0;
  field->is_signed = text.starts_with('i');
  if ((field->is_signed || text.starts_with('u')) && storage::ParseInt64(text.substr(1), &bits) &&
      bits >= 1 && bits <= (field->is_signed ? 64 : 63)) {
    field->bits = static_cast<unsigned>(bits);
    return true;
  }
  ctx.reply.Error(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  return false;
}

bool ReadOverflow(Context& ctx, size_t i, BitOverflow* overflow) {
  if (ctx.Is(i, "WRAP")) {
    *overflow = BitOverflow::kWrap;
  } else if (ctx.Is(i, "SAT")) {
    *overflow = BitOverflow::kSaturate;
  } else if (ctx.Is(i, "FAIL")) {
    *overflow = BitOverflow::kFail;
  } else {
    ctx.reply.Error("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// Which operation begins at argument `i`, with all of its arguments there; nothing for any other word.
std::optional<FieldOperation::Kind> OperationAt(std::span<const std::string_view> arguments, size_t i) {
  using Kind = FieldOperation::Kind;
  const size_t behind = arguments.size() - i - 1;
  if (storage::EqualInAnyCase(arguments[i], "get") && behind >= 2) return Kind::kGet;
  if (storage::EqualInAnyCase(arguments[i], "set") && behind >= 3) return Kind::kSet;
  if (storage::EqualInAnyCase(arguments[i], "incrby") && behind >= 3) return Kind::kIncrBy;
  return std::nullopt;
}

// False after an error reply.
bool ReadOperations(Context& ctx, std::vector<FieldOperation>* operations) {
  BitOverflow overflow = BitOverflow::kWrap;
  for (size_t i = 2; i < ctx.size();) {
    if (ctx.Is(i, "OVERFLOW") && i + 1 < ctx.size()) {
      if (!ReadOverflow(ctx, i + 1, &overflow)) return false;
      i += 2;
      continue;
    }
    const auto kind = OperationAt(ctx.arguments(), i);
    if (!kind) {
      ctx.ReplySyntaxError();
      return false;
    }
    FieldOperation operation{.kind = *kind, .overflow = overflow, .field = {}};
    if (!ReadFieldType(ctx, i + 1, &operation.field)) return false;
    if (!ReadBitOffset(ctx, i + 2, &operation.field.offset, operation.field.bits)) return false;
    const bool reads = operation.kind == FieldOperation::Kind::kGet;
    if (!reads && !ctx.ReadInteger(i + 3, &operation.number)) return false;
    operations->push_back(operation);
    i += reads ? 3 : 4;
  }
  return true;
}

bool Writes(const FieldOperation& operation) { return operation.kind != FieldOperation::Kind::kGet; }

void ReplyFields(Context& ctx, const Record* record, std::span<const FieldOperation> operations) {
  storage::IntegerText scratch;
  const std::string_view text = TextOf(record, scratch);
  ctx.reply.Array(operations.size());
  for (const FieldOperation& operation : operations) {
    ctx.reply.Integer(storage::ReadBitField(text, operation.field));
  }
}

// Replies to one operation on a string that is long enough, and has `grown` for that; true when it is a
// change.
bool Apply(Context& ctx, char* bytes, size_t size, bool grown, const FieldOperation& operation) {
  const int64_t old_value = storage::ReadBitField({bytes, size}, operation.field);
  if (!Writes(operation)) {
    ctx.reply.Integer(old_value);
    return false;
  }
  const bool sets = operation.kind == FieldOperation::Kind::kSet;
  const std::optional<int64_t> value =
      sets ? storage::FitBitField(operation.field, operation.number, 0, operation.overflow)
           : storage::FitBitField(operation.field, old_value, operation.number, operation.overflow);
  if (!value) {
    ctx.reply.Null();
    return false;
  }
  ctx.reply.Integer(sets ? old_value : *value);
  if (*value == old_value && !grown) return false;
  storage::WriteBitField(bytes, operation.field, *value);
  return true;
}

void ApplyAll(Context& ctx, std::span<const FieldOperation> operations) {
  uint64_t last_bit = 0;
  for (const FieldOperation& operation : operations) {
    if (Writes(operation)) last_bit = std::max(last_bit, operation.field.last_bit());
  }
  Key key = ctx.Key(1);
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  const size_t old_size = record == nullptr ? 0 : record->string_size();
  const size_t size = std::max<size_t>(old_size, last_bit / 8 + 1);
  char* bytes = ctx.db.ResizeString(key, size);
  ctx.reply.Array(operations.size());
  uint64_t changed = 0;
  const bool grown = size != old_size;
  for (const FieldOperation& operation : operations) changed += Apply(ctx, bytes, size, grown, operation);
  if (changed != 0) {
    ctx.Changed(key, events::kSetBit.Times(changed));
  } else if (grown) {
    ctx.Changed(key, events::kGrown);
  }
}

// BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value |
//   INCRBY encoding offset increment> [...]]
void BitFieldCommand(Context& ctx) {
  std::vector<FieldOperation> operations;
  if (!ReadOperations(ctx, &operations)) return;
  if (std::ranges::any_of(operations, Writes)) return ApplyAll(ctx, operations);
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (ExpectString(ctx, record)) ReplyFields(ctx, record, operations);
}

// BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]
void BitFieldRo(Context& ctx) {
  std::vector<FieldOperation> operations;
  if (!ReadOperations(ctx, &operations)) return;
  if (std::ranges::any_of(operations, Writes)) {
    return ctx.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (ExpectString(ctx, record)) ReplyFields(ctx, record, operations);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

// Only with GET alone is the key not written.
uint16_t BitFieldKeyFlags(std::span<const std::string_view> arguments) {
  for (size_t i = 2; i < arguments.size();) {
    if (storage::EqualInAnyCase(arguments[i], "overflow") && i + 1 < arguments.size()) {
      i += 2;
    } else if (OperationAt(arguments, i) == FieldOperation::Kind::kGet) {
      i += 3;
    } else {
      return kKeyRw | kKeyAccess | kKeyUpdate;
    }
  }
  return kKeyRo | kKeyAccess;
}

constexpr KeySpec kBitFieldKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate | kKeyVariableFlags,
                                     .notes = "This command allows both access and modification of the key",
                                     .flags_of = BitFieldKeyFlags}};

constexpr CommandSpec kCommands[] = {
    {.name = "bitfield",
     .arity = -2,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = kBitFieldKey,
     .handler = BitFieldCommand,
     .group = "bitmap",
     .since = "3.2.0",
     .complexity = "O(1) for each subcommand.",
     .summary = "Reads, sets and increments integers of any width within a string.",
     .syntax =
         "key operation=[GET encoding offset | write=<[OVERFLOW <WRAP | SAT | FAIL>] write_operation=<SET "
         "encoding offset value | INCRBY encoding offset increment>> ...]"},
    {.name = "bitfield_ro",
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kCatBitmap,
     .keys = command::kReadKey,
     .handler = BitFieldRo,
     .group = "bitmap",
     .since = "6.0.0",
     .complexity = "O(1) for each subcommand.",
     .summary = "Reads integers of any width within a string.",
     .syntax = "key [GET encoding offset [GET encoding offset ...]]"},
};

}  // namespace

std::span<const CommandSpec> BitFieldCommands() { return kCommands; }

}  // namespace corral::commands
