// Lists by index and by what their elements are.
#include <cstdint>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/list/list_reply.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::List;
using storage::ListCursor;
using storage::OpenValue;
using storage::Record;
using storage::ValueType;
using storage::ValueView;
namespace events = command::events;
namespace wire = protocol::wire;

// The element that an index means, of which a negative one counts from the end; false if there is none.
bool Resolve(int64_t index, uint64_t size, uint64_t* element) {
  if (index < 0) index += static_cast<int64_t>(size);
  *element = static_cast<uint64_t>(index);
  return index >= 0 && *element < size;
}

// LLEN key
void LLen(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kList)) return;
  ctx.reply.Integer(record == nullptr ? 0 : static_cast<int64_t>(record->value().size()));
}

// LINDEX key index
void LIndex(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Null();
  int64_t index = 0;
  if (!ExpectType(ctx, record, ValueType::kList) || !ctx.ReadInteger(2, &index)) return;
  const ValueView list = record->value();
  uint64_t element;
  if (!Resolve(index, list.size(), &element)) return ctx.reply.Null();
  ReplyElement(ctx.reply, *ListCursor(list, element));
}

// LRANGE key start stop
void LRange(Context& ctx) {
  int64_t start = 0, stop = 0;
  if (!ctx.ReadInteger(2, &start) || !ctx.ReadInteger(3, &stop)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Array(0);
  if (!ExpectType(ctx, record, ValueType::kList)) return;
  const ValueView list = record->value();
  const ListRange range = ListRange::Of(start, stop, list.size());
  ctx.reply.Array(range.count);
  if (range.count == 0) return;
  ListCursor cursor(list, range.first);
  for (uint64_t left = range.count; left > 0; --left, cursor.Next()) ReplyElement(ctx.reply, *cursor);
}

// LSET key index element
void LSet(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!value.exists()) return ctx.reply.Error(wire::kNoSuchKey);
  int64_t index = 0;
  if (!ExpectType(ctx, value, ValueType::kList) || !ctx.ReadInteger(2, &index)) return;
  List list(value, LimitOfLists(ctx));
  list.Expect(1, ctx[3].size());
  uint64_t element;
  if (!Resolve(index, list.size(), &element)) return ctx.reply.Error("ERR index out of range");
  list.Set(element, ctx[3]);
  value.Close();
  ctx.Changed(key, events::kLset);
  ctx.reply.Ok();
}

// LTRIM key start stop
void LTrim(Context& ctx) {
  int64_t start = 0, stop = 0;
  if (!ctx.ReadInteger(2, &start) || !ctx.ReadInteger(3, &stop)) return;
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kList)) return;
  if (!value.exists()) return ctx.reply.Ok();
  List list(value, LimitOfLists(ctx));
  const ListRange kept = ListRange::Of(start, stop, list.size());
  const uint64_t trimmed = list.size() - kept.count;
  list.Erase(kept.first + kept.count, list.size());
  list.Erase(0, kept.first);
  ReportRemoval(ctx, key, events::kLtrim.Times(trimmed), value);
  ctx.reply.Ok();
}

// LREM key count element
void LRem(Context& ctx) {
  int64_t count = 0;
  if (!ctx.ReadInteger(2, &count)) return;
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kList)) return;
  if (!value.exists()) return ctx.reply.Integer(0);
  const uint64_t most = count == 0  ? UINT64_MAX
                        : count < 0 ? -static_cast<uint64_t>(count)
                                    : static_cast<uint64_t>(count);
  const uint64_t removed = List(value, LimitOfLists(ctx)).Remove(ctx[3], most, count < 0);
  if (removed > 0) ReportRemoval(ctx, key, events::kLrem.Times(removed), value);
  ctx.reply.Integer(static_cast<int64_t>(removed));
}

// The index of the first element that equals `text`, or the size.
uint64_t IndexOf(const ValueView& list, std::string_view text) {
  const uint64_t size = list.size();
  ListCursor cursor(list, 0);
  uint64_t index = 0;
  for (; index < size && !(*cursor == text); ++index) cursor.Next();
  return index;
}

// LINSERT key <BEFORE | AFTER> pivot element
void LInsert(Context& ctx) {
  const bool behind = ctx.Is(2, "AFTER");
  if (!behind && !ctx.Is(2, "BEFORE")) return ctx.ReplySyntaxError();
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kList)) return;
  if (!value.exists()) return ctx.reply.Integer(0);
  List list(value, LimitOfLists(ctx));
  list.Expect(1, ctx[4].size());
  const uint64_t pivot = IndexOf(list.value(), ctx[3]);
  if (pivot == list.size()) return ctx.reply.Integer(-1);
  list.Insert(behind ? pivot + 1 : pivot, ctx[4]);
  const uint64_t size = list.size();
  value.Close();
  ctx.Changed(key, events::kLinsert);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

struct Search {
  std::string_view text;
  bool backwards = false;
  uint64_t skip = 0;                    // matches before the first that counts
  uint64_t most_matches = 1;            // UINT64_MAX: all, as of the next
  uint64_t most_elements = UINT64_MAX;  // to look at
  bool lists = false;                   // COUNT was given: the reply is an array
};

bool ReadSearch(Context& ctx, Search* search) {
  search->text = ctx[2];
  for (size_t i = 3; i < ctx.size(); i += 2) {
    const bool has_value = i + 1 < ctx.size();
    int64_t number = 0;
    if (ctx.Is(i, "RANK") && has_value) {
      if (!ctx.ReadInteger(i + 1, &number)) return false;
      if (number == 0) {
        ctx.reply.Error(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list");
        return false;
      }
      search->backwards = number < 0;
      // Redis 7.0 takes the least integer, which has no positive one, for -1.
      search->skip = number == INT64_MIN ? 0 : static_cast<uint64_t>(number < 0 ? -number : number) - 1;
    } else if (ctx.Is(i, "COUNT") && has_value) {
      if (!ctx.ReadIntegerInRange(i + 1, 0, INT64_MAX, &number, "ERR COUNT can't be negative")) return false;
      search->lists = true;
      search->most_matches = number == 0 ? UINT64_MAX : static_cast<uint64_t>(number);
    } else if (ctx.Is(i, "MAXLEN") && has_value) {
      if (!ctx.ReadIntegerInRange(i + 1, 0, INT64_MAX, &number, "ERR MAXLEN can't be negative")) return false;
      search->most_elements = number == 0 ? UINT64_MAX : static_cast<uint64_t>(number);
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

std::vector<uint64_t> Find(const ValueView& list, const Search& search) {
  std::vector<uint64_t> indexes;
  const uint64_t size = list.size();
  const uint64_t elements = std::min(size, search.most_elements);
  uint64_t skip = search.skip;
  ListCursor cursor(list, search.backwards ? size - 1 : 0);
  for (uint64_t i = 0; i < elements; ++i) {
    if (*cursor == search.text) {
      if (skip > 0) {
        --skip;
      } else {
        indexes.push_back(search.backwards ? size - 1 - i : i);
        if (indexes.size() == search.most_matches) break;
      }
    }
    search.backwards ? cursor.Previous() : cursor.Next();
  }
  return indexes;
}

// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
void LPos(Context& ctx) {
  Search search;
  if (!ReadSearch(ctx, &search)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kList)) return;
  std::vector<uint64_t> indexes;
  if (record != nullptr) indexes = Find(record->value(), search);
  if (!search.lists && indexes.empty()) return ctx.reply.Null();
  if (search.lists) ctx.reply.Array(indexes.size());
  for (const uint64_t index : indexes) ctx.reply.Integer(static_cast<int64_t>(index));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kSetKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr KeySpec kRemoveKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr KeySpec kInsertKey[] = {{.flags = kKeyRw | kKeyInsert}};

constexpr CommandSpec kCommands[] = {
    {.name = "llen",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatList,
     .keys = command::kReadKeyNoAccess,
     .handler = LLen,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Counts the elements of a list.",
     .syntax = "key"},
    {.name = "lindex",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatList,
     .keys = command::kReadKey,
     .handler = LIndex,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(log N), N being the length of the list.",
     .summary = "Returns the element at an index.",
     .syntax = "key index"},
    {.name = "lrange",
     .arity = 4,
     .flags = kReadonly,
     .categories = kCatList,
     .keys = command::kReadKey,
     .handler = LRange,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(log N + M), N being the length of the list and M the number of elements returned.",
     .summary = "Returns the elements between two indexes.",
     .syntax = "key start stop"},
    {.name = "lset",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = kSetKey,
     .handler = LSet,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(log N), N being the length of the list.",
     .summary = "Replaces the element at an index.",
     .syntax = "key index element"},
    {.name = "ltrim",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatList,
     .keys = kRemoveKey,
     .handler = LTrim,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are removed.",
     .summary = "Removes all elements but those between two indexes.",
     .syntax = "key start stop"},
    {.name = "lrem",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatList,
     .keys = kRemoveKey,
     .handler = LRem,
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of elements that are looked at.",
     .summary = "Removes elements that equal a value: the first ones, the last ones, or all.",
     .syntax = "key count element"},
    {.name = "linsert",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = kInsertKey,
     .handler = LInsert,
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N), N being the number of elements up to the pivot.",
     .summary = "Puts an element in front of, or behind, the first that equals the pivot.",
     .syntax = "key where=<BEFORE | AFTER> pivot element"},
    {.name = "lpos",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatList,
     .keys = command::kReadKey,
     .handler = LPos,
     .group = "list",
     .since = "6.0.6",
     .complexity = "O(N), N being the number of elements that are looked at.",
     .summary = "Finds the indexes of elements that equal a value.",
     .syntax = "key element [RANK rank] [COUNT num-matches] [MAXLEN len]"},
};

}  // namespace

std::span<const CommandSpec> ListElementCommands() { return kCommands; }

}  // namespace corral::commands
