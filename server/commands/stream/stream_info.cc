// XINFO: what a stream, its groups and their consumers are made of.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "storage/types/stream/radix_shape.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using protocol::ReplyWriter;
using storage::kMaxStreamId;
using storage::StreamConsumer;
using storage::StreamDirection;
using storage::StreamGroup;
using storage::StreamId;
using storage::StreamObject;
using storage::StreamPending;
using storage::StreamPendingList;
using storage::StreamRange;

constexpr int64_t kDefaultCount = 10;  // of FULL: entries and deliveries of each list

void Pair(ReplyWriter& reply, std::string_view name, uint64_t value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

void Pair(ReplyWriter& reply, std::string_view name, StreamId id) {
  reply.Bulk(name);
  ReplyStreamId(reply, id);
}

void Pair(ReplyWriter& reply, std::string_view name, std::optional<uint64_t> value) {
  if (value) return Pair(reply, name, *value);
  reply.Bulk(name);
  reply.Null();
}

// The stream of XINFO's key; null after an error reply.
const StreamObject* FindStream(Context& ctx) {
  const StreamToRead found(ctx, ctx.Key(2));
  if (!found.failed && found.stream == nullptr) ctx.reply.Error(protocol::wire::kNoSuchKey);
  return found.stream;
}

// ---- XINFO STREAM ----

void ReplyCounters(ReplyWriter& reply, const StreamObject& stream) {
  const storage::StreamNodes& nodes = stream.nodes();
  storage::RadixShape shape;
  for (const storage::StreamNode* node = nodes.First(); node != nullptr; node = nodes.After(node)) {
    shape.Add(node->id());
  }
  Pair(reply, "length", uint64_t{stream.size()});
  Pair(reply, "radix-tree-keys", uint64_t{nodes.count()});
  Pair(reply, "radix-tree-nodes", uint64_t{shape.nodes()});
  Pair(reply, "last-generated-id", stream.counters().last_id);
  Pair(reply, "max-deleted-entry-id", stream.counters().max_deleted_id);
  Pair(reply, "entries-added", stream.counters().entries_added);
  Pair(reply, "recorded-first-entry-id", stream.first_id());
}

// The first entry in a direction, or nil.
void ReplyEdge(ReplyWriter& reply, std::string_view name, const StreamObject& stream,
               StreamDirection direction) {
  reply.Bulk(name);
  StreamRange range(stream, {}, kMaxStreamId, direction);
  if (!range.Next()) return reply.Null();
  ReplyEntry(reply, range);
}

// [[id, consumer, time, count] ...], without the consumer in a consumer's own list.
void ReplyPending(ReplyWriter& reply, const StreamPendingList& list, bool with_consumer, uint64_t most) {
  Pair(reply, "pel-count", uint64_t{list.size()});
  reply.Bulk("pending");
  uint64_t count = std::min<uint64_t>(list.size(), most);
  reply.Array(count);
  for (auto at = list.begin(); count > 0; ++at, --count) {
    const StreamPending& pending = **at;
    reply.Array(with_consumer ? 4 : 3);
    ReplyStreamId(reply, pending.id);
    if (with_consumer) reply.Bulk(pending.consumer->name());
    reply.Integer(pending.delivery_ms);
    reply.Integer(static_cast<int64_t>(pending.deliveries));
  }
}

void ReplyFullConsumer(ReplyWriter& reply, const StreamConsumer& consumer, uint64_t most) {
  reply.Map(5);
  reply.Bulk("name");
  reply.Bulk(consumer.name());
  reply.Bulk("seen-time");
  reply.Integer(consumer.seen_ms);
  reply.Bulk("active-time");
  reply.Integer(consumer.active_ms.value_or(-1));
  ReplyPending(reply, consumer.pending(), false, most);
}

void ReplyProgress(ReplyWriter& reply, const StreamObject& stream, const StreamGroup& group) {
  Pair(reply, "last-delivered-id", group.last_delivered);
  Pair(reply, "entries-read", group.entries_read);
  Pair(reply, "lag", stream.Lag(group));
}

void ReplyFull(ReplyWriter& reply, const StreamObject& stream, uint64_t most) {
  reply.Map(9);
  ReplyCounters(reply, stream);
  reply.Bulk("entries");
  ReplyRange(reply, stream, {}, kMaxStreamId, StreamDirection::kForwards, most);
  reply.Bulk("groups");
  reply.Array(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    reply.Map(7);
    reply.Bulk("name");
    reply.Bulk(name);
    ReplyProgress(reply, stream, *group);
    ReplyPending(reply, group->pending(), true, most);
    reply.Bulk("consumers");
    reply.Array(group->consumers().size());
    for (const auto& [consumer_name, consumer] : group->consumers()) {
      ReplyFullConsumer(reply, *consumer, most);
    }
  }
}

// [FULL [COUNT count]]; false after an error reply. 0: all.
bool ReadFull(Context& ctx, bool* full, int64_t* count) {
  *full = ctx.size() > 3;
  const bool counted = ctx.size() == 6;
  if ((*full && !ctx.Is(3, "FULL")) || (counted && !ctx.Is(4, "COUNT")) || ctx.size() == 5 ||
      ctx.size() > 6) {
    ctx.ReplySubcommandSyntax();
    return false;
  }
  if (counted && !ctx.ReadInteger(5, count)) return false;
  if (*count < 0) *count = kDefaultCount;
  return true;
}

// XINFO STREAM key [FULL [COUNT count]]
void XInfoStream(Context& ctx) {
  const StreamObject* stream = FindStream(ctx);
  bool full = false;
  int64_t count = kDefaultCount;
  if (stream == nullptr || !ReadFull(ctx, &full, &count)) return;
  if (full) return ReplyFull(ctx.reply, *stream, count == 0 ? UINT64_MAX : static_cast<uint64_t>(count));
  ctx.reply.Map(10);
  ReplyCounters(ctx.reply, *stream);
  Pair(ctx.reply, "groups", uint64_t{stream->groups().size()});
  ReplyEdge(ctx.reply, "first-entry", *stream, StreamDirection::kForwards);
  ReplyEdge(ctx.reply, "last-entry", *stream, StreamDirection::kBackwards);
}

// ---- The others ----

// XINFO GROUPS key
void XInfoGroups(Context& ctx) {
  const StreamObject* stream = FindStream(ctx);
  if (stream == nullptr) return;
  ReplyWriter& reply = ctx.reply;
  reply.Array(stream->groups().size());
  for (const auto& [name, group] : stream->groups()) {
    reply.Map(6);
    reply.Bulk("name");
    reply.Bulk(name);
    Pair(reply, "consumers", uint64_t{group->consumers().size()});
    Pair(reply, "pending", uint64_t{group->pending().size()});
    ReplyProgress(reply, *stream, *group);
  }
}

// XINFO CONSUMERS key group
void XInfoConsumers(Context& ctx) {
  const StreamObject* stream = FindStream(ctx);
  if (stream == nullptr) return;
  const StreamGroup* group = stream->FindGroup(ctx[3]);
  if (group == nullptr) return ReplyNoSuchGroup(ctx, ctx[3], ctx[2]);
  ReplyWriter& reply = ctx.reply;
  // A clock that was set back, or a time from elsewhere, is no time in the past.
  const auto since = [&ctx](int64_t ms) { return ctx.now_ms() > ms ? ctx.now_ms() - ms : 0; };
  reply.Array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    reply.Map(4);
    reply.Bulk("name");
    reply.Bulk(name);
    Pair(reply, "pending", uint64_t{consumer->pending().size()});
    reply.Bulk("idle");
    reply.Integer(since(consumer->seen_ms));
    reply.Bulk("inactive");
    reply.Integer(consumer->active_ms ? since(*consumer->active_ms) : -1);
  }
}

// XINFO HELP
void XInfoHelp(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CONSUMERS <key> <group>",
      "    The consumers of a group.",
      "GROUPS <key>",
      "    The groups of a stream, and how far they have read.",
      "STREAM <key> [FULL [COUNT <count>]]",
      "    The counters of a stream. FULL adds entries, groups, consumers and what they have pending:",
      "    so many of each list, 10 unless told, all for 0.",
  };
  ctx.ReplyHelp(kLines);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kInfoKey[] = {{.flags = kKeyRo | kKeyAccess, .begin_index = 2}};
constexpr std::string_view kTips[] = {"nondeterministic_output"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "consumers",
     .arity = 4,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = kInfoKey,
     .handler = XInfoConsumers,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N), N being the number of consumers.",
     .summary = "Lists the consumers of a group.",
     .syntax = "key group",
     .tips = kTips},
    {.name = "groups",
     .arity = 3,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = kInfoKey,
     .handler = XInfoGroups,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N), N being the number of groups.",
     .summary = "Lists the groups of a stream.",
     .syntax = "key"},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .handler = XInfoHelp,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of XINFO.",
     .syntax = ""},
    {.name = "stream",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = kInfoKey,
     .handler = XInfoStream,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N), N being the number of nodes, and what FULL replies with.",
     .summary = "Describes a stream.",
     .syntax = "key full-block=[FULL [COUNT count]]"},
};

constexpr CommandSpec kCommands[] = {
    {.name = "xinfo",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "A container for commands that describe streams.",
     .syntax = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> StreamInfoCommands() { return kCommands; }

}  // namespace corral::commands
