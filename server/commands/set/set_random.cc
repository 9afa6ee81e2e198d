// The set family: members by chance.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/set/set_commands.h"
#include "storage/base/random.h"
#include "storage/open_value.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::OpenValue;
using storage::Random;
using storage::Record;
using storage::Set;
using storage::ValueType;
namespace events = command::events;
namespace wire = protocol::wire;

Random NewRandom(const Context& ctx) { return Random(ctx.services.keyspace.NextRandom()); }

void ReplyMembers(Context& ctx, const std::vector<Set::Member>& members) {
  for (const Set::Member& member : members) ReplyElement(ctx.reply, member);
}

// SPOP key
void PopOne(Context& ctx) {
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kSet)) return;
  if (!value.exists()) return ctx.reply.Null();
  Random random = NewRandom(ctx);
  storage::IntegerText scratch;
  const std::string member(Set(value.value()).RandomMember(random).Text(scratch));
  storage::RemoveFromSet(value, member);
  ReportRemoval(ctx, key, events::kSpop, value);
  ctx.PropagateAs({"SREM", key.name, member});
  ctx.reply.Bulk(std::string_view(member));
}

// SPOP key [count]
void Spop(Context& ctx) {
  if (ctx.size() == 2) return PopOne(ctx);
  if (ctx.size() > 3) return ctx.ReplySyntaxError();
  int64_t count = 0;
  if (!ctx.ReadIntegerInRange(2, 0, std::numeric_limits<int64_t>::max(), &count, wire::kNotPositive)) return;
  const Key key = ctx.Key(1);
  OpenValue value(ctx.db, key);
  if (!ExpectType(ctx, value, ValueType::kSet)) return;
  if (!value.exists() || count == 0) return ctx.reply.Set(0);
  const Set set(value.value());
  const size_t size = set.size();
  if (static_cast<uint64_t>(count) >= size) {
    ctx.reply.Set(size);
    set.ForEach([&](const Set::Member& member) { ReplyElement(ctx.reply, member); });
    const bool lazy = ctx.services.settings.lazyfree_lazy_server_del;
    value.Erase(ReclaimWhen(lazy));
    ctx.Changed(key, events::kSpop.Times(size));
    ctx.PropagateAs({command::DeletionName(lazy), key.name});
    return ctx.Changed(key, events::kDelOfEmpty);
  }
  Random random = NewRandom(ctx);
  std::vector<std::string> popped;  // removing moves what the sample views
  for (const Set::Member& member : set.Sample(static_cast<size_t>(count), random)) {
    storage::IntegerText scratch;
    popped.emplace_back(member.Text(scratch));
  }
  ctx.reply.Set(popped.size());
  for (const std::string& member : popped) {
    storage::RemoveFromSet(value, member);
    ctx.PropagateAs({"SREM", key.name, member});
    ctx.reply.Bulk(std::string_view(member));
  }
  value.Close();
  ctx.Changed(key, events::kSpop.Times(popped.size()));
}

// SRANDMEMBER key [count]
void Srandmember(Context& ctx) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (ctx.size() > 3) return ctx.ReplySyntaxError();
  int64_t count = 1;
  if (ctx.size() == 3 && !ctx.ReadIntegerInRange(2, -kMost, kMost, &count, {})) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kSet)) return;
  if (record == nullptr) return ctx.size() == 3 ? ctx.reply.Array(0) : ctx.reply.Null();
  const Set set(record->value());
  Random random = NewRandom(ctx);
  if (ctx.size() == 2) return ReplyElement(ctx.reply, set.RandomMember(random));
  if (count < 0) {  // each one anew
    const auto picks = static_cast<uint64_t>(-count);
    ctx.reply.Array(picks);
    return PickRepeatedly(ctx, picks, [&] { ReplyElement(ctx.reply, set.RandomMember(random)); });
  }
  const size_t most = std::min(static_cast<size_t>(count), set.size());
  ctx.reply.Array(most);
  ReplyMembers(ctx, set.Sample(most, random));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kPopKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete}};
constexpr std::string_view kRandom[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "spop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = kPopKey,
     .handler = Spop,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1), or O(N) with a count, N being that count; in a packed set its size.",
     .summary = "Removes random members from a set and returns them.",
     .syntax = "key [count]",
     .tips = kRandom},
    {.name = "srandmember",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatSet,
     .keys = command::kReadKey,
     .handler = Srandmember,
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1), or O(N) with a count, N being its absolute value.",
     .summary = "Returns random members; with a negative count a member may come again.",
     .syntax = "key [count]",
     .tips = kRandom},
};

}  // namespace

std::span<const CommandSpec> SetRandomCommands() { return kCommands; }

}  // namespace corral::commands
