// The hash family: all fields, some of them, or some by chance.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/hash/hash_commands.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/scan_arguments.h"
#include "storage/base/random.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using storage::Hash;
using storage::Random;
using storage::Record;
using storage::ValueType;

// HGETALL key
void HgetAll(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  if (record == nullptr) return ctx.reply.Map(0);
  const Hash hash(record->value(), ctx.now_ms());
  ctx.reply.Map(hash.size());
  hash.ForEach([&](const Hash::Field& field) {
    ReplyElement(ctx.reply, field.name);
    ReplyElement(ctx.reply, field.value);
  });
}

// HKEYS key, HVALS key
template <Hash::Text Hash::Field::*Part>
void ReplyParts(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  if (record == nullptr) return ctx.reply.Array(0);
  const Hash hash(record->value(), ctx.now_ms());
  ctx.reply.Array(hash.size());
  hash.ForEach([&](const Hash::Field& field) { ReplyElement(ctx.reply, field.*Part); });
}

// What HRANDFIELD answers with a count: names, or names and values, in pairs where the protocol has them.
class FieldsReply {
 public:
  FieldsReply(Context& ctx, uint64_t fields, bool with_values)
      : ctx_(ctx), with_values_(with_values), pairs_(ctx.reply.version() == protocol::Version::kResp3) {
    ctx.reply.Array(with_values && !pairs_ ? fields * 2 : fields);
  }
  void operator()(const Hash::Field& field) const {
    if (with_values_ && pairs_) ctx_.reply.Array(2);
    ReplyElement(ctx_.reply, field.name);
    if (with_values_) ReplyElement(ctx_.reply, field.value);
  }

 private:
  Context& ctx_;
  bool with_values_, pairs_;
};

// HRANDFIELD key [count [WITHVALUES]]
void HrandField(Context& ctx) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t count = 1;
  if (ctx.size() > 2 && !ctx.ReadIntegerInRange(2, -kMost, kMost, &count, {})) return;
  const bool with_values = ctx.size() > 3;
  if (ctx.size() > 4 || (with_values && !ctx.Is(3, "WITHVALUES"))) return ctx.ReplySyntaxError();
  if (with_values && (count < -kMost / 2 || count > kMost / 2)) {
    return ctx.reply.Error("ERR value is out of range");
  }
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  if (record == nullptr) return ctx.size() > 2 ? ctx.reply.Array(0) : ctx.reply.Null();
  const Hash hash(record->value(), ctx.now_ms());
  Random random(ctx.services.keyspace.NextRandom());
  const size_t size = hash.size();
  if (size == 0) return ctx.size() > 2 ? ctx.reply.Array(0) : ctx.reply.Null();  // all have ended
  if (ctx.size() == 2) return ReplyElement(ctx.reply, hash.RandomField(random).name);
  if (count < 0) {  // each one anew
    const auto picks = static_cast<uint64_t>(-count);
    const FieldsReply reply(ctx, picks, with_values);
    return PickRepeatedly(ctx, picks, [&] { reply(hash.RandomField(random)); });
  }
  const size_t most = std::min(static_cast<size_t>(count), size);
  const FieldsReply reply(ctx, most, with_values);
  for (const Hash::Field& field : hash.Sample(most, random)) reply(field);
}

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
void Hscan(Context& ctx) {
  uint64_t cursor = 0;
  if (!ReadCursor(ctx, 2, &cursor)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectType(ctx, record, ValueType::kHash)) return;
  std::vector<std::string> found;
  if (record == nullptr) return ReplyScan(ctx, 0, found);
  ScanArguments arguments;
  if (!arguments.Read(ctx, 3, ScanOption::kNoValues)) return;
  cursor = Hash(record->value(), ctx.now_ms()).Scan(cursor, arguments.count, [&](const Hash::Field& field) {
    storage::IntegerText scratch;
    const std::string_view name = field.name.Text(scratch);
    if (!arguments.Match(name)) return;
    found.emplace_back(name);
    if (!arguments.no_values) found.emplace_back(field.value.Text(scratch));
  });
  ReplyScan(ctx, cursor, found);
}

using enum command::Flag;
using enum command::Category;

constexpr std::string_view kAnyOrder[] = {"nondeterministic_output_order"};
constexpr std::string_view kRandom[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "hgetall",
     .arity = 2,
     .flags = kReadonly,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = HgetAll,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the size of the hash.",
     .summary = "Returns all fields and values of a hash.",
     .syntax = "key",
     .tips = kAnyOrder},
    {.name = "hkeys",
     .arity = 2,
     .flags = kReadonly,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = ReplyParts<&Hash::Field::name>,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the size of the hash.",
     .summary = "Returns all fields of a hash.",
     .syntax = "key",
     .tips = kAnyOrder},
    {.name = "hvals",
     .arity = 2,
     .flags = kReadonly,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = ReplyParts<&Hash::Field::value>,
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N), N being the size of the hash.",
     .summary = "Returns all values of a hash.",
     .syntax = "key",
     .tips = kAnyOrder},
    {.name = "hrandfield",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = HrandField,
     .group = "hash",
     .since = "6.2.0",
     .complexity = "O(1), or O(N) with a count, N being its absolute value.",
     .summary = "Returns random fields; with a negative count a field may come again.",
     .syntax = "key options=[count [WITHVALUES]]",
     .tips = kRandom},
    {.name = "hscan",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatHash,
     .keys = command::kReadKey,
     .handler = Hscan,
     .group = "hash",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for a whole scan, N being the number of fields.",
     .summary = "Goes through the fields and values of a hash in small steps.",
     .syntax = "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
     .tips = kRandom},
};

}  // namespace

std::span<const CommandSpec> HashWalkCommands() { return kCommands; }

}  // namespace corral::commands
