// The entries of a stream by their ids, and the counters that outlive them.
#include <cstdint>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::StreamCounters;
using storage::StreamDirection;
using storage::StreamId;

// XLEN key
void XLen(Context& ctx) {
  const StreamToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  ctx.reply.Integer(found.stream == nullptr ? 0 : static_cast<int64_t>(found.stream->size()));
}

void Range(Context& ctx, StreamDirection direction) {
  const bool forwards = direction == StreamDirection::kForwards;
  StreamId first, last;
  if (!ReadRangeStart(ctx, forwards ? 2 : 3, &first) || !ReadRangeEnd(ctx, forwards ? 3 : 2, &last)) return;
  int64_t most = INT64_MAX;
  for (size_t i = 4; i < ctx.size(); i += 2) {
    if (!ctx.Is(i, "COUNT") || i + 1 == ctx.size()) return ctx.ReplySyntaxError();
    if (!ctx.ReadInteger(i + 1, &most)) return;
  }
  const StreamToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  if (found.stream == nullptr) return ctx.reply.Array(0);
  if (most <= 0) return ctx.reply.NullArray();
  ReplyRange(ctx.reply, *found.stream, first, last, direction, static_cast<uint64_t>(most));
}

// XRANGE key start end [COUNT count]
void XRange(Context& ctx) { Range(ctx, StreamDirection::kForwards); }

// XREVRANGE key end start [COUNT count]
void XRevRange(Context& ctx) { Range(ctx, StreamDirection::kBackwards); }

// XDEL key id [id ...]
void XDel(Context& ctx) {
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  if (!found.exists()) return ctx.reply.Integer(0);
  std::vector<StreamId> ids(ctx.size() - 2);  // all are read before the first entry goes
  for (size_t i = 2; i < ctx.size(); ++i) {
    if (!ReadStreamId(ctx, i, 0, &ids[i - 2])) return;
  }
  uint64_t deleted = 0;
  for (const StreamId id : ids) deleted += found->Delete(id) ? 1 : 0;
  found.Close();
  if (deleted > 0) ctx.Changed(key, command::events::kXdel.Times(deleted));
  ctx.reply.Integer(static_cast<int64_t>(deleted));
}

// The options of XSETID; false after an error reply. What is not given stays as it is in `counters`.
struct CounterOptions {
  int64_t entries_added = -1;  // not given
  StreamId max_deleted_id;     // 0-0: not given

  bool Read(Context& ctx, StreamId last_id) {
    for (size_t i = 3; i < ctx.size(); i += 2) {
      const bool more = i + 1 < ctx.size();
      if (more && ctx.Is(i, "ENTRIESADDED")) {
        if (!ctx.ReadInteger(i + 1, &entries_added)) return false;
        if (entries_added < 0) return Refuse(ctx, "ERR entries_added must be positive");
      } else if (more && ctx.Is(i, "MAXDELETEDID")) {
        if (!ReadStreamId(ctx, i + 1, 0, &max_deleted_id)) return false;
        if (last_id < max_deleted_id) {
          return Refuse(ctx,
                        "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        }
      } else {
        return Refuse(ctx, protocol::wire::kSyntax);
      }
    }
    return true;
  }

  static bool Refuse(Context& ctx, std::string_view error) {
    ctx.reply.Error(error);
    return false;
  }
};

// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
void XSetId(Context& ctx) {
  StreamId last_id;
  CounterOptions options;
  if (!ReadStreamId(ctx, 2, 0, &last_id) || !options.Read(ctx, last_id)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  if (!found.exists()) return ctx.reply.Error(protocol::wire::kNoSuchKey);
  StreamCounters counters = found->counters();
  counters.last_id = last_id;
  if (options.entries_added >= 0) counters.entries_added = static_cast<uint64_t>(options.entries_added);
  if (!options.max_deleted_id.is_zero()) counters.max_deleted_id = options.max_deleted_id;
  if (!found->SetCounters(counters)) {
    return ctx.reply.Error(
        last_id < found->last_entry_id()
            ? "ERR The ID specified in XSETID is smaller than the target stream top item"
            : "ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  found.Close();
  ctx.Changed(key, command::events::kXsetId);
  ctx.reply.Ok();
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kDeleteKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr KeySpec kUpdateKey[] = {{.flags = kKeyRw | kKeyUpdate}};

constexpr CommandSpec kCommands[] = {
    {.name = "xlen",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatStream,
     .keys = command::kReadKeyNoAccess,
     .handler = XLen,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Returns how many entries a stream has.",
     .syntax = "key"},
    {.name = "xrange",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = command::kReadKey,
     .handler = XRange,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N+M), N being the number of nodes and M that of the entries that are returned.",
     .summary = "Returns the entries between two ids, the least first.",
     .syntax = "key start end [COUNT count]"},
    {.name = "xrevrange",
     .arity = -4,
     .flags = kReadonly,
     .categories = kCatStream,
     .keys = command::kReadKey,
     .handler = XRevRange,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N+M), N being the number of nodes and M that of the entries that are returned.",
     .summary = "Returns the entries between two ids, the greatest first.",
     .syntax = "key end start [COUNT count]"},
    {.name = "xdel",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kDeleteKey,
     .handler = XDel,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N) for each entry, N being the number of nodes.",
     .summary = "Deletes entries by their ids and returns how many there were.",
     .syntax = "key id [id ...]"},
    {.name = "xsetid",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .keys = kUpdateKey,
     .handler = XSetId,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N), N being the number of nodes.",
     .summary = "Sets the last id of a stream and its other counters.",
     .syntax = "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]"},
};

}  // namespace

std::span<const CommandSpec> StreamEntryCommands() { return kCommands; }

}  // namespace corral::commands
