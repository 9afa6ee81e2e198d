// Lists as queues and stacks: elements go in and out at the ends.
#include <cstdint>
#include <string>

#include "server/commands/families.h"
#include "server/commands/list/list_reply.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::List;
using storage::OpenValue;
using storage::PackedForm;
using storage::Record;
using storage::ValueType;
namespace wire = protocol::wire;

void Push(Context& ctx, ListEnd end, bool create) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kList)) return;
  if (!value.exists()) {
    if (!create) return ctx.reply.Integer(0);
    value.Begin(PackedForm::kList);
  }
  List list(value, LimitOfLists(ctx));
  size_t bytes = 0;
  for (size_t i = 2; i < ctx.size(); ++i) bytes += ctx[i].size();
  list.Expect(ctx.size() - 2, bytes);
  for (size_t i = 2; i < ctx.size(); ++i) PushTo(list, end, ctx[i]);
  const uint64_t size = list.size();
  value.Close();
  ReportPush(ctx, key, end, ctx.size() - 2);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

// LPUSH key element [element ...]
void LPush(Context& ctx) { Push(ctx, ListEnd::kLeft, true); }

// RPUSH key element [element ...]
void RPush(Context& ctx) { Push(ctx, ListEnd::kRight, true); }

// LPUSHX key element [element ...]
void LPushX(Context& ctx) { Push(ctx, ListEnd::kLeft, false); }

// RPUSHX key element [element ...]
void RPushX(Context& ctx) { Push(ctx, ListEnd::kRight, false); }

void Pop(Context& ctx, ListEnd end) {
  if (ctx.size() > 3) return ctx.reply.Error(wire::WrongArity(ctx.command.name));
  const bool counted = ctx.size() == 3;
  int64_t most = 1;
  if (counted && !ctx.ReadIntegerInRange(2, 0, INT64_MAX, &most, wire::kNotPositive)) return;
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!value.exists()) return counted ? ctx.reply.NullArray() : ctx.reply.Null();
  if (!ExpectType(ctx, value, ValueType::kList)) return;
  if (most == 0) return ctx.reply.Array(0);
  List list(value, LimitOfLists(ctx));
  const uint64_t count = std::min(static_cast<uint64_t>(most), list.size());
  if (counted) {
    ReplyFromEnd(ctx.reply, list.value(), end, count);
  } else {
    ReplyElement(ctx.reply, *storage::ListCursor(list.value(), IndexAt(end, list)));
  }
  list.Erase(end == ListEnd::kLeft ? 0 : list.size() - count, count);
  ReportPop(ctx, key, end, count, value.Close());
}

// LPOP key [count]
void LPop(Context& ctx) { Pop(ctx, ListEnd::kLeft); }

// RPOP key [count]
void RPop(Context& ctx) { Pop(ctx, ListEnd::kRight); }

// LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]
void LMPop(Context& ctx) {
  int64_t keys = 0, most = 1;
  if (!ctx.ReadIntegerInRange(1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0")) return;
  if (static_cast<uint64_t>(keys) > ctx.size() - 3) return ctx.ReplySyntaxError();
  const size_t behind_keys = 2 + static_cast<size_t>(keys);
  ListEnd end;
  if (!ReadListEnd(ctx, behind_keys, &end)) return;
  if (ctx.size() != behind_keys + 1) {
    if (!ctx.Is(behind_keys + 1, "COUNT") || ctx.size() == behind_keys + 2) return ctx.ReplySyntaxError();
    if (!ctx.ReadIntegerInRange(behind_keys + 2, 1, INT64_MAX, &most, "ERR count should be greater than 0"))
      return;
    if (ctx.size() != behind_keys + 3) return ctx.ReplySyntaxError();
  }
  for (size_t i = 2; i < behind_keys; ++i) {
    const Key key = ctx.Key(i);
    OpenValue value(ctx.db, key);
    if (!ExpectType(ctx, value, ValueType::kList)) return;
    if (!value.exists()) continue;
    List list(value, LimitOfLists(ctx));
    const uint64_t count = std::min(static_cast<uint64_t>(most), list.size());
    ctx.reply.Array(2);
    ctx.reply.Bulk(key.name);
    ReplyFromEnd(ctx.reply, list.value(), end, count);
    list.Erase(end == ListEnd::kLeft ? 0 : list.size() - count, count);
    ctx.PropagateAs({end == ListEnd::kLeft ? "LPOP" : "RPOP", key.name, static_cast<int64_t>(count)});
    return ReportPop(ctx, key, end, count, value.Close());
  }
  ctx.reply.NullArray();
}

void Move(Context& ctx, ListEnd from, ListEnd to) {
  const Key source = ctx.Key(1), destination = ctx.Key(2);
  const Record* record = FindForWrite(ctx, source);
  if (record == nullptr) return ctx.reply.Null();
  if (!ExpectType(ctx, record, ValueType::kList)) return;
  if (!ExpectType(ctx, FindForWrite(ctx, destination), ValueType::kList)) return;
  const bool rotates = source.name == destination.name;
  bool emptied = false;
  std::string element;
  const auto push = [&](OpenValue& value) {
    List list(value, LimitOfLists(ctx));
    list.Expect(1, element.size());
    PushTo(list, to, element);
  };
  {
    OpenValue value(ctx.db, source);
    List list(value, LimitOfLists(ctx));
    storage::IntegerText scratch;
    const uint64_t index = IndexAt(from, list);
    element = (*storage::ListCursor(list.value(), index)).Text(scratch);
    list.Erase(index, 1);
    if (rotates) push(value);
    emptied = value.Close();
  }
  if (!rotates) {
    OpenValue value(ctx.db, destination);
    if (!value.exists()) value.Begin(PackedForm::kList);
    push(value);
  }
  ReportPush(ctx, destination, to, 0);  // a move is one change
  ReportPop(ctx, source, from, 1, emptied);
  ctx.reply.Bulk(std::string_view(element));
}

// LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>
void LMove(Context& ctx) {
  ListEnd from, to;
  if (ReadListEnd(ctx, 3, &from) && ReadListEnd(ctx, 4, &to)) Move(ctx, from, to);
}

// RPOPLPUSH source destination
void RPopLPush(Context& ctx) { Move(ctx, ListEnd::kRight, ListEnd::kLeft); }

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kPushKey[] = {{.flags = kKeyRw | kKeyInsert}};
constexpr KeySpec kPopKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete}};
constexpr KeySpec kPopKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete,
                                 .find = KeySpec::Find::kKeynum,
                                 .keynum_index = 0,
                                 .first_key = 1}};
constexpr KeySpec kMoveKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete},
                                 {.flags = kKeyRw | kKeyInsert, .begin_index = 2}};

constexpr CommandSpec kCommands[] = {
    {.name = "lpush",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = kPushKey,
     .handler = LPush,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are added.",
     .summary = "Puts elements in front of a list, which is created if need be.",
     .syntax = "key element [element ...]"},
    {.name = "rpush",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = kPushKey,
     .handler = RPush,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are added.",
     .summary = "Puts elements behind a list, which is created if need be.",
     .syntax = "key element [element ...]"},
    {.name = "lpushx",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = kPushKey,
     .handler = LPushX,
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N), N being the number of elements that are added.",
     .summary = "Puts elements in front of a list that is there.",
     .syntax = "key element [element ...]"},
    {.name = "rpushx",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .keys = kPushKey,
     .handler = RPushX,
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N), N being the number of elements that are added.",
     .summary = "Puts elements behind a list that is there.",
     .syntax = "key element [element ...]"},
    {.name = "lpop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .keys = kPopKey,
     .handler = LPop,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are taken.",
     .summary = "Takes the first elements out of a list and returns them.",
     .syntax = "key [count]"},
    {.name = "rpop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .keys = kPopKey,
     .handler = RPop,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are taken.",
     .summary = "Takes the last elements out of a list and returns them.",
     .syntax = "key [count]"},
    {.name = "lmpop",
     .arity = -4,
     .flags = kWrite | kMovableKeys,
     .categories = kCatList,
     .keys = kPopKeys,
     .handler = LMPop,
     .group = "list",
     .since = "7.0.0",
     .complexity = "O(N+M), N being the number of keys and M that of the elements that are taken.",
     .summary = "Takes elements out of the first of several lists that is there.",
     .syntax = "numkeys key [key ...] where=<LEFT | RIGHT> [COUNT count]"},
    {.name = "lmove",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = kMoveKeys,
     .handler = LMove,
     .group = "list",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Takes an element from an end of a list to an end of another, or of the same.",
     .syntax = "source destination wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>"},
    {.name = "rpoplpush",
     .arity = 3,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = kMoveKeys,
     .handler = RPopLPush,
     .group = "list",
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Takes the last element of a list to the front of another, or of the same.",
     .syntax = "source destination",
     .deprecated_since = "6.2.0",
     .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
};

}  // namespace

std::span<const CommandSpec> ListEndCommands() { return kCommands; }

}  // namespace corral::commands
