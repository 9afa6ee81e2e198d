// XPENDING: what a group has delivered and nobody has acknowledged.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamId;
using storage::StreamPending;
using storage::StreamPendingList;

// [[IDLE min-idle-time] start end count [consumer]], of which a mistake is answered.
struct PendingRange {
  int64_t min_idle_ms = 0;
  StreamId first, last;
  uint64_t most = 0;
  std::optional<std::string_view> consumer;

  bool Read(Context& ctx) {
    size_t i = 3;
    if (ctx.Is(i, "IDLE")) {
      if (!ctx.ReadInteger(i + 1, &min_idle_ms)) return false;
      i += 2;
      if (ctx.size() < i + 3) {
        ctx.ReplySyntaxError();
        return false;
      }
    }
    int64_t count = 0;
    if (!ctx.ReadInteger(i + 2, &count)) return false;
    most = static_cast<uint64_t>(std::max<int64_t>(count, 0));
    if (!ReadRangeStart(ctx, i, &first) || !ReadRangeEnd(ctx, i + 1, &last)) return false;
    if (i + 3 < ctx.size()) consumer = ctx[i + 3];
    return true;
  }
};

// [number, least id, greatest id, [[consumer, number] ...]]
void ReplySummary(protocol::ReplyWriter& reply, const StreamGroup& group) {
  const StreamPendingList& pending = group.pending();
  reply.Array(4);
  reply.Integer(static_cast<int64_t>(pending.size()));
  if (pending.empty()) {
    reply.Null();
    reply.Null();
    return reply.NullArray();
  }
  ReplyStreamId(reply, pending.First()->id);
  ReplyStreamId(reply, pending.Last()->id);
  const auto owes = [](const auto& named) { return !named.second->pending().empty(); };
  reply.Array(static_cast<size_t>(std::count_if(group.consumers().begin(), group.consumers().end(), owes)));
  for (const auto& named : group.consumers()) {
    if (!owes(named)) continue;
    reply.Array(2);
    reply.Bulk(named.first);
    reply.BulkInteger(static_cast<int64_t>(named.second->pending().size()));
  }
}

// [[id, consumer, milliseconds since the delivery, deliveries] ...]
void ReplyPending(Context& ctx, const StreamPendingList& pending, const PendingRange& range) {
  std::vector<const StreamPending*> found;
  for (auto at = pending.From(range.first);
       at != pending.end() && (*at)->id <= range.last && found.size() < range.most; ++at) {
    if (range.min_idle_ms == 0 || ctx.now_ms() - (*at)->delivery_ms >= range.min_idle_ms)
      found.push_back(*at);
  }
  ctx.reply.Array(found.size());
  for (const StreamPending* one : found) {
    ctx.reply.Array(4);
    ReplyStreamId(ctx.reply, one->id);
    ctx.reply.Bulk(one->consumer->name());
    ctx.reply.Integer(std::max<int64_t>(ctx.now_ms() - one->delivery_ms, 0));
    ctx.reply.Integer(static_cast<int64_t>(one->deliveries));
  }
}

// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
void XPending(Context& ctx) {
  const bool summary = ctx.size() == 3;
  if (!summary && (ctx.size() < 6 || ctx.size() > 9)) return ctx.ReplySyntaxError();
  PendingRange range;
  if (!summary && !range.Read(ctx)) return;
  const StreamToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  const StreamGroup* group = found.stream == nullptr ? nullptr : found.stream->FindGroup(ctx[2]);
  if (group == nullptr) return ReplyNoSuchKeyOrGroup(ctx, ctx[1], ctx[2]);
  if (summary) return ReplySummary(ctx.reply, *group);
  if (!range.consumer) return ReplyPending(ctx, group->pending(), range);
  const StreamConsumer* consumer = group->FindConsumer(*range.consumer);
  if (consumer == nullptr) return ctx.reply.Array(0);
  ReplyPending(ctx, consumer->pending(), range);
}

using enum command::Flag;
using enum command::Category;

constexpr std::string_view kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "xpending",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = command::kReadKey,
     .handler = XPending,
     .group = "stream",
     .since = "5.0.0",
     .complexity =
         "O(log N+M), N being what the group has pending and M what is looked at; the summary is O(C) "
         "for C consumers.",
     .summary = "Returns what a group has delivered and nobody has acknowledged: its extent, or the entries.",
     .syntax = "key group filters=[[IDLE min-idle-time] start end count [consumer]]",
     .tips = kChanging},
};

}  // namespace

std::span<const CommandSpec> StreamPendingCommands() { return kCommands; }

}  // namespace corral::commands
