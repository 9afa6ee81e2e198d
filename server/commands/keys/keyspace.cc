// Keys whatever their type: deleting, counting, renaming, copying, listing.
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/base/glob.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

void Delete(Context& ctx, storage::Reclaim reclaim) {
  int64_t deleted = 0;
  for (size_t i = 1; i < ctx.size(); ++i) {
    Key key = ctx.Key(i);
    if (!ctx.db.Erase(key, reclaim)) {
      ctx.services.effects.AbsentKeyDeleted(ctx.db, key);
      continue;
    }
    ctx.Changed(key, events::kDel);
    ++deleted;
  }
  ctx.reply.Integer(deleted);
}

// DEL key [key ...]
void Del(Context& ctx) { Delete(ctx, ReclaimWhen(ctx.services.settings.lazyfree_lazy_user_del)); }

// UNLINK key [key ...]
void Unlink(Context& ctx) { Delete(ctx, storage::Reclaim::kInBackground); }

// EXISTS key [key ...]
void Exists(Context& ctx) {
  int64_t present = 0;
  for (size_t i = 1; i < ctx.size(); ++i) present += FindForInspection(ctx, ctx.Key(i)) != nullptr;
  ctx.reply.Integer(present);
}

// TOUCH key [key ...]
void Touch(Context& ctx) {
  int64_t present = 0;
  for (size_t i = 1; i < ctx.size(); ++i)
    present += Announced(ctx, ctx.Key(i), ctx.db.Find(ctx.Key(i))) != nullptr;
  ctx.reply.Integer(present);
}

// TYPE key
void Type(Context& ctx) {
  const Record* record = FindForInspection(ctx, ctx.Key(1));
  ctx.reply.Simple(record == nullptr ? "none" : storage::NameOf(record->type()));
}

// KEYS pattern
void Keys(Context& ctx) {
  std::string_view pattern = ctx[1];
  const bool all = pattern == "*";
  std::vector<std::string_view> names;
  ctx.db.ForEach([&](const Record& record) {
    if (all || storage::GlobMatch(pattern, record.key())) names.push_back(record.key());
  });
  ctx.reply.Array(names.size());
  for (std::string_view name : names) ctx.reply.Bulk(name);
}

// RANDOMKEY
void RandomKey(Context& ctx) {
  std::string name;
  if (!ctx.db.RandomKey(&name)) return ctx.reply.Null();
  ctx.reply.Bulk(std::string_view(name));
}

enum class IfPresent : uint8_t { kReplace, kRefuse };

// RENAME and RENAMENX up to the reply: 0 when the new name is taken and stays, -1 after an error.
int RenameKey(Context& ctx, IfPresent if_present) {
  Key from = ctx.Key(1), to = ctx.Key(2);
  if (FindForWrite(ctx, from) == nullptr) {
    ctx.reply.Error(wire::kNoSuchKey);
    return -1;
  }
  if (from.name == to.name) return if_present == IfPresent::kRefuse ? 0 : 1;
  if (if_present == IfPresent::kRefuse && FindForWrite(ctx, to) != nullptr) return 0;
  ctx.db.Transfer(from, ctx.db, to, false, ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del));
  ctx.Changed(from, events::kRenameFrom);
  ctx.Changed(to, events::kRenameTo);
  return 1;
}

// RENAME key newkey
void Rename(Context& ctx) {
  if (RenameKey(ctx, IfPresent::kReplace) == 1) ctx.reply.Ok();
}

// RENAMENX key newkey
void RenameNx(Context& ctx) {
  int renamed = RenameKey(ctx, IfPresent::kRefuse);
  if (renamed >= 0) ctx.reply.Integer(renamed);
}

// COPY source destination [DB destination-db] [REPLACE]
void Copy(Context& ctx) {
  int index = ctx.db.index();
  bool replace = false;
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (ctx.Is(i, "REPLACE")) {
      replace = true;
    } else if (ctx.Is(i, "DB") && i + 1 < ctx.size()) {
      if (!ctx.ReadDatabaseIndex(++i, &index, wire::kDbIndex)) return;
    } else {
      return ctx.ReplySyntaxError();
    }
  }
  Key from = ctx.Key(1), to = ctx.Key(2);
  if (index == ctx.db.index() && from.name == to.name) return ctx.reply.Error(wire::kSameObject);
  storage::Database target = ctx.Database(index);
  if (FindForRead(ctx, from) == nullptr) return ctx.reply.Integer(0);
  if (!replace && target.Peek(to) != nullptr) return ctx.reply.Integer(0);
  ctx.db.Transfer(from, target, to, true, ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del));
  ctx.Changed(target, to, events::kCopyTo);
  ctx.reply.Integer(1);
}

// MOVE key db
void Move(Context& ctx) {
  int index = 0;
  if (!ctx.ReadDatabaseIndex(2, &index, wire::kDbIndex)) return;
  if (index == ctx.db.index()) return ctx.reply.Error(wire::kSameObject);
  Key key = ctx.Key(1);
  storage::Database target = ctx.Database(index);
  if (FindForWrite(ctx, key) == nullptr || target.Peek(key) != nullptr) return ctx.reply.Integer(0);
  ctx.db.Transfer(key, target, key, false, storage::Reclaim::kNow);
  ctx.Changed(key, events::kMoveFrom);
  ctx.Changed(target, key, events::kMoveTo);
  ctx.reply.Integer(1);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kDeleteKeys[] = {{.flags = kKeyRm | kKeyDelete, .last = -1}};
constexpr KeySpec kCheckKeys[] = {{.flags = kKeyRo, .last = -1}};
constexpr KeySpec kRenameKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete},
                                   {.flags = kKeyOw | kKeyUpdate, .begin_index = 2}};
constexpr KeySpec kRenameNxKeys[] = {{.flags = kKeyRw | kKeyAccess | kKeyDelete},
                                     {.flags = kKeyOw | kKeyInsert, .begin_index = 2}};
constexpr KeySpec kCopyKeys[] = {{.flags = kKeyRo | kKeyAccess},
                                 {.flags = kKeyOw | kKeyUpdate, .begin_index = 2}};
constexpr KeySpec kMoveKey[] = {{.flags = kKeyRw | kKeyAccess | kKeyUpdate}};

constexpr std::string_view kSumOverShards[] = {"request_policy:multi_shard", "response_policy:agg_sum"};
constexpr std::string_view kAllShardsAnyOrder[] = {"request_policy:all_shards",
                                                   "nondeterministic_output_order"};
constexpr std::string_view kAllShardsRandom[] = {"request_policy:all_shards", "nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "del",
     .arity = -2,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .keys = kDeleteKeys,
     .handler = Del,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys; a collection adds the number of its elements.",
     .summary = "Deletes keys.",
     .syntax = "key [key ...]",
     .tips = kSumOverShards},
    {.name = "unlink",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kDeleteKeys,
     .handler = Unlink,
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(N), N being the number of keys; another thread gives large values back.",
     .summary = "Deletes keys and leaves large values to a background thread.",
     .syntax = "key [key ...]",
     .tips = kSumOverShards},
    {.name = "exists",
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = kCheckKeys,
     .handler = Exists,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Counts how many of the keys are there.",
     .syntax = "key [key ...]",
     .tips = kSumOverShards},
    {.name = "type",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = command::kReadKeyNoAccess,
     .handler = Type,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Names the type of the value under a key.",
     .syntax = "key"},
    {.name = "touch",
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .keys = kCheckKeys,
     .handler = Touch,
     .group = "generic",
     .since = "3.2.1",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Marks keys as used just now and counts how many are there.",
     .syntax = "key [key ...]",
     .tips = kSumOverShards},
    {.name = "keys",
     .arity = 2,
     .flags = kReadonly | kExclusive,
     .categories = kCatKeyspace | kCatDangerous,
     .handler = Keys,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys in the database.",
     .summary = "Lists every key that matches a pattern.",
     .syntax = "pattern",
     .tips = kAllShardsAnyOrder},
    {.name = "randomkey",
     .arity = 1,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .handler = RandomKey,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns some key of the database.",
     .syntax = "",
     .tips = kAllShardsRandom},
    {.name = "rename",
     .arity = 3,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .keys = kRenameKeys,
     .handler = Rename,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives a key another name, in place of whatever has that name.",
     .syntax = "key newkey"},
    {.name = "renamenx",
     .arity = 3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kRenameNxKeys,
     .handler = RenameNx,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives a key another name, if that name is free.",
     .syntax = "key newkey"},
    {.name = "copy",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatKeyspace,
     .keys = kCopyKeys,
     .handler = Copy,
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(1) for strings, O(N) for collections, N being the number of elements.",
     .summary = "Stores a key's value and expiration under another key as well.",
     .syntax = "source destination [DB destination-db] [REPLACE]"},
    {.name = "move",
     .arity = 3,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kMoveKey,
     .handler = Move,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Takes a key to another database.",
     .syntax = "key db"},
};

}  // namespace

std::span<const CommandSpec> KeyspaceCommands() { return kCommands; }

}  // namespace corral::commands
