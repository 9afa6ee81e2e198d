// The set family: members one by one.
#include <optional>

#include "server/commands/families.h"
#include "server/commands/scan_arguments.h"
#include "server/commands/set/set_commands.h"
#include "storage/open_value.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::OpenValue;
using storage::Record;
using storage::Set;
using storage::SetLimits;
using storage::ValueType;
namespace events = command::events;

void Begin(OpenValue& value, std::string_view member, size_t count, const SetLimits& limits) {
  const auto form = storage::FormOfNewSet(member, count, limits);
  if (form) return value.Begin(*form);
  value.Become(std::make_unique<storage::SetObject>());
}

// SADD key member [member ...]
void Sadd(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kSet)) return;
  const SetLimits limits = SetLimitsOf(ctx);
  if (!value.exists()) Begin(value, ctx[2], ctx.size() - 2, limits);
  uint64_t added = 0;
  for (size_t i = 2; i < ctx.size(); ++i) added += storage::AddToSet(value, ctx[i], limits);
  value.Close();
  if (added != 0) ctx.Changed(key, events::kSadd.Times(added));
  ctx.reply.Integer(static_cast<int64_t>(added));
}

// SREM key member [member ...]
void Srem(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kSet)) return;
  if (!value.exists()) return ctx.reply.Integer(0);
  uint64_t removed = 0;
  for (size_t i = 2; i < ctx.size() && value.value().size() != 0; ++i) {
    removed += storage::RemoveFromSet(value, ctx[i]);
  }
  if (removed != 0) ReportRemoval(ctx, key, events::kSrem.Times(removed), value);
  ctx.reply.Integer(static_cast<int64_t>(removed));
}

// SMOVE source destination member
void Smove(Context& ctx) {
  const Key from = ctx.Key(1), to = ctx.Key(2);
  const std::string_view member = ctx[3];
  OpenValue source(ctx.db, from);
  if (!source.exists()) return ctx.reply.Integer(0);
  if (from.name == to.name) {
    if (!ExpectType(ctx, source, ValueType::kSet)) return;
    return ctx.reply.Integer(Set(source.value()).Contains(member));
  }
  OpenValue target(ctx.db, to);
  if (!ExpectType(ctx, source, ValueType::kSet) || !ExpectType(ctx, target, ValueType::kSet)) return;
  if (!storage::RemoveFromSet(source, member)) return ctx.reply.Integer(0);
  ReportRemoval(ctx, from, events::kSrem, source);
  const SetLimits limits = SetLimitsOf(ctx);
  if (!target.exists()) Begin(target, member, 1, limits);
  const bool added = storage::AddToSet(target, member, limits);
  target.Close();
  if (added) ctx.Changed(to, events::kSadd);
  ctx.reply.Integer(1);
}

// SISMEMBER key member
void Sismember(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  ctx.reply.Integer(record != nullptr && Set(record->value()).Contains(ctx[2]));
}

// SMISMEMBER key member [member ...]
void Smismember(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) {
    ctx.reply.Integer(record != nullptr && Set(record->value()).Contains(ctx[i]));
  }
}

// SCARD key
void Scard(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  ctx.reply.Integer(record != nullptr ? static_cast<int64_t>(record->value().size()) : 0);
}

// SMEMBERS key
void Smembers(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  if (record == nullptr) return ctx.reply.Set(0);
  const Set set(record->value());
  ctx.reply.Set(set.size());
  set.ForEach([&](const Set::Member& member) { ReplyElement(ctx.reply, member); });
}

// SSCAN key cursor [MATCH pattern] [COUNT count]
void Sscan(Context& ctx) {
  uint64_t cursor = 0;
  if (!ReadCursor(ctx, 2, &cursor)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  std::vector<std::string> found;
  if (record == nullptr) return ReplyScan(ctx, 0, found);
  ScanArguments arguments;
  if (!arguments.Read(ctx, 3)) return;
  cursor = Set(record->value()).Scan(cursor, arguments.count, [&](const Set::Member& member) {
    storage::IntegerText scratch;
    const std::string_view text = member.Text(scratch);
    if (arguments.Match(text)) found.emplace_back(text);
  });
  ReplyScan(ctx, cursor, found);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kAddKey[] = {{.flags = kKeyRw | kKeyInsert}};
constexpr KeySpec kRemoveKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr KeySpec kMoveKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete},
                                 {.flags = kKeyRw | kKeyInsert, .begin_index = 2}};
constexpr std::string_view kAnyOrder[] = {"nondeterministic_output_order"};
constexpr std::string_view kRandom[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "sadd",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSet,
     .keys = kAddKey,
     .handler = Sadd,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of members named.",
     .summary = "Adds members to a set; an absent key is an empty set.",
     .syntax = "key member [member ...]"},
    {.name = "srem",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = kRemoveKey,
     .handler = Srem,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of members named.",
     .summary = "Removes members from a set; a set without members is no key any more.",
     .syntax = "key member [member ...]"},
    {.name = "smove",
     .arity = 4,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = kMoveKeys,
     .handler = Smove,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a member from one set to another.",
     .syntax = "source destination member"},
    {.name = "sismember",
     .arity = 3,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .keys = command::kReadKeyNoAccess,
     .handler = Sismember,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a set has a member.",
     .syntax = "key member"},
    {.name = "smismember",
     .arity = -3,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .keys = command::kReadKey,
     .handler = Smismember,
     .group = "set",
     .since = "6.2.0",
     .complexity = "O(N), N being the number of members named.",
     .summary = "Tells for each of several members whether a set has it.",
     .syntax = "key member [member ...]"},
    {.name = "scard",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .keys = command::kReadKeyNoAccess,
     .handler = Scard,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of members.",
     .syntax = "key"},
    {.name = "smembers",
     .arity = 2,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKey,
     .handler = Smembers,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N), N being the size of the set.",
     .summary = "Returns all members of a set.",
     .syntax = "key",
     .tips = kAnyOrder},
    {.name = "sscan",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKey,
     .handler = Sscan,
     .group = "set",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for a whole scan, N being the number of members.",
     .summary = "Goes through the members of a set in small steps.",
     .syntax = "key cursor [MATCH pattern] [COUNT count]",
     .tips = kRandom},
};

}  // namespace

std::span<const CommandSpec> SetCommands() { return kCommands; }

}  // namespace corral::commands
