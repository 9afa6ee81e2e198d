// Reading for a group: XREADGROUP delivers entries to a consumer, XACK says that it is done with them.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "server/command/event.h"
#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "server/commands/stream/stream_group_effects.h"
#include "server/commands/stream/stream_read.h"
#include "storage/base/ascii.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamId;
using storage::StreamObject;
using storage::StreamPending;
using storage::StreamRange;

// One of the streams that XREADGROUP names. Entries are chosen for all of them before the first reply: the
// reply announces how many streams it has, and a stream may be named twice.
struct Reading {
  Key key;
  const StreamObject* stream;
  bool news;                       // ">": what the group was not given yet; else the consumer's own
  StreamId after;                  // requires !news
  bool served = false;             // the reply speaks of it
  std::vector<StreamId> ids = {};  // that it gives
};

bool Refuse(Context& ctx, const std::string& error) {
  ctx.reply.Error(error);
  return false;
}

bool RefuseSpecial(Context& ctx, std::string_view id) {
  const std::string name(id);
  return Refuse(ctx,
                "ERR The " + name +
                    " ID is meaningless in the context of XREADGROUP: you want to read the history of "
                    "this consumer by specifying a proper ID, or use the > ID to get new messages. The " +
                    name + " ID would just return an empty result set.");
}

// Answers a mistake. Nothing is changed yet: all streams must have the group.
bool ReadStreams(Context& ctx, const StreamReadArguments& read, std::vector<Reading>* readings) {
  const std::string_view group = ctx[read.group_at];
  for (size_t i = 0; i < read.streams; ++i) {
    const Key key = ctx.Key(read.KeyAt(i));
    const StreamToRead found(ctx, key);
    if (found.failed) return false;
    if (found.stream == nullptr || found.stream->FindGroup(group) == nullptr) {
      return Refuse(ctx, "NOGROUP No such key '" + NameInError(key.name) + "' or consumer group '" +
                             NameInError(group) + "' in XREADGROUP with GROUP option");
    }
    const std::string_view id = ctx[read.IdAt(i)];
    if (id == "$" || id == "+") return RefuseSpecial(ctx, id);
    StreamId after = storage::kMaxStreamId;
    if (id != ">" && !ReadStreamId(ctx, read.IdAt(i), 0, &after)) return false;
    // The greatest id is Redis's own sign for ">".
    readings->push_back({key, found.stream, after == storage::kMaxStreamId, after});
  }
  return true;
}

// Gives the consumer entries that the group has not read.
void DeliverNews(const StreamObject& stream, StreamGroup& group, StreamConsumer& consumer,
                 const StreamReadArguments& read, int64_t now_ms, Reading* reading) {
  const auto first = group.last_delivered.Next();
  if (!first) return;
  for (StreamRange range(stream, *first, storage::kMaxStreamId);
       reading->ids.size() < read.most && range.Next();) {
    reading->ids.push_back(range.id());
    stream.Advance(group, range.id());
    if (read.no_ack) continue;
    group.Deliver(range.id(), consumer, now_ms);
    consumer.active_ms = now_ms;
  }
  reading->served = !reading->ids.empty();
}

// What the consumer was given and has not acknowledged, once more. Redis takes the new time and count for too
// little to be a change.
void DeliverAgain(const StreamObject& stream, const StreamConsumer& consumer, uint64_t most, int64_t now_ms,
                  Reading* reading) {
  reading->served = true;
  const auto first = reading->after.Next();
  if (!first) return;
  const storage::StreamPendingList& owed = consumer.pending();
  for (auto at = owed.From(*first); at != owed.end() && reading->ids.size() < most; ++at) {
    StreamPending& pending = **at;
    reading->ids.push_back(pending.id);
    if (!stream.Contains(pending.id)) continue;
    pending.delivery_ms = now_ms;
    ++pending.deliveries;
  }
}

void Propagate(Context& ctx, const StreamReadArguments& read, const Reading& reading,
               const StreamGroup& group, bool created) {
  if (!ctx.propagates()) return;
  const GroupName name{reading.key.name, ctx[read.group_at]};
  const bool claims = reading.news && !read.no_ack && !reading.ids.empty();
  if (created && !claims) PropagateConsumer(ctx, name, ctx[read.group_at + 1]);
  if (claims) {
    for (const StreamId id : reading.ids) PropagateClaim(ctx, name, id, *group.pending().Find(id));
  }
  if (reading.news && !reading.ids.empty()) PropagateGroupId(ctx, name, group);
}

void Serve(Context& ctx, const StreamReadArguments& read, Reading* reading) {
  StreamToChange found(ctx, reading->key);
  StreamGroup& group = *found->FindGroup(ctx[read.group_at]);
  const std::string_view name = ctx[read.group_at + 1];
  const int64_t now_ms = ctx.now_ms();
  StreamConsumer* consumer = group.FindConsumer(name);
  const bool created = consumer == nullptr;
  if (created) consumer = group.CreateConsumer(name, now_ms);
  consumer->seen_ms = now_ms;
  if (reading->news) {
    DeliverNews(*found, group, *consumer, read, now_ms, reading);
  } else {
    DeliverAgain(*found, *consumer, read.most, now_ms, reading);
  }
  found.Close();
  if (created) ctx.Changed(reading->key, command::events::kXgroupCreateConsumer);
  if (reading->news && reading->served) ctx.Changed(reading->key, command::events::kXreadGroup);
  Propagate(ctx, read, *reading, group, created);
}

// [[id, [field, value ...]] ...]; nil in place of the fields of an entry that was deleted.
void ReplyEntries(protocol::ReplyWriter& reply, const Reading& reading) {
  reply.Array(reading.ids.size());
  if (reading.news) {
    StreamRange range(*reading.stream, reading.ids.front(), reading.ids.back());
    while (range.Next()) ReplyEntry(reply, range);
    return;
  }
  for (const StreamId id : reading.ids) {
    if (StreamRange range(*reading.stream, id, id); range.Next()) {
      ReplyEntry(reply, range);
      continue;
    }
    reply.Array(2);
    ReplyStreamId(reply, id);
    reply.NullArray();
  }
}

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id
// ...]
void XReadGroup(Context& ctx) {
  StreamReadArguments read;
  std::vector<Reading> readings;
  if (!read.Read(ctx, true) || !ReadStreams(ctx, read, &readings)) return;
  for (Reading& reading : readings) Serve(ctx, read, &reading);
  const auto served =
      std::count_if(readings.begin(), readings.end(), [](const Reading& reading) { return reading.served; });
  // Nobody waits, as if the time of BLOCK were over.
  if (served == 0) return ctx.reply.NullArray();
  ReplyStreams(ctx.reply, static_cast<size_t>(served));
  for (const Reading& reading : readings) {
    if (!reading.served) continue;
    ReplyStreamName(ctx.reply, reading.key.name);
    ReplyEntries(ctx.reply, reading);
  }
}

// A group or a consumer of this name hides the word from which the key spec counts.
bool IsNamedStreams(std::span<const std::string_view> arguments) {
  for (size_t i = 4; i < arguments.size(); ++i) {
    if (!storage::EqualInAnyCase(arguments[i], "STREAMS")) continue;
    return storage::EqualInAnyCase(arguments[i - 1], "GROUP") ||
           storage::EqualInAnyCase(arguments[i - 2], "GROUP");
  }
  return false;
}

// XACK key group id [id ...]
void XAck(Context& ctx) {
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  StreamGroup* group = found.exists() ? found->FindGroup(ctx[2]) : nullptr;
  if (group == nullptr) return ctx.reply.Integer(0);
  std::vector<StreamId> ids(ctx.size() - 3);  // all are read before the first is acknowledged
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (!ReadStreamId(ctx, i, 0, &ids[i - 3])) return;
  }
  uint64_t acknowledged = 0;
  for (const StreamId id : ids) acknowledged += group->Acknowledge(id) ? 1 : 0;
  found.Close();
  if (acknowledged > 0) ctx.Changed(key, command::events::kXack.Times(acknowledged));
  ctx.reply.Integer(static_cast<int64_t>(acknowledged));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kReadKeys[] = {{.flags = kKeyRo | kKeyAccess,
                                  .begin = KeySpec::Begin::kKeyword,
                                  .begin_index = 4,
                                  .keyword = "STREAMS",
                                  .last = -1,
                                  .limit = 2}};
constexpr KeySpec kAckKey[] = {{.flags = kKeyRw | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "xreadgroup",
     .arity = -7,
     .flags = kWrite | kBlocking | kMovableKeys,
     .categories = kCatStream,
     .keys = kReadKeys,
     .handler = XReadGroup,
     .group = "stream",
     .since = "5.0.0",
     .complexity =
         "O(M log N) for each stream, M being the number of entries that are returned and N what the "
         "group has pending.",
     .summary = "Delivers entries to a consumer of a group: new ones, or what it has not acknowledged.",
     .syntax =
         "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] streams=STREAMS key [key ...] id "
         "[id ...]",
     .reaches_more = IsNamedStreams},
    {.name = "xack",
     .arity = -4,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kAckKey,
     .handler = XAck,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N) for each id, N being what the group has pending.",
     .summary = "Acknowledges entries for a group and returns how many of them were pending.",
     .syntax = "key group id [id ...]"},
};

}  // namespace

std::span<const CommandSpec> StreamReadGroupCommands() { return kCommands; }

}  // namespace corral::commands
