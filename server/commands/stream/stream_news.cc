// XREAD: what was added to streams behind the ids that a client knows.
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "server/commands/stream/stream_read.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::StreamId;
using storage::StreamObject;

// The id behind which the entries are new to the client; a mistake is answered. "$" is the greatest id that
// was ever added. "+" stands before the last entry, so that it is the one that is read.
bool ReadKnownId(Context& ctx, size_t i, const StreamObject* stream, StreamId* id) {
  if (ctx[i] == "$") {
    if (stream != nullptr) *id = stream->counters().last_id;
    return true;
  }
  if (ctx[i] == "+") {
    // An entry is never 0-0, the id of a stream without one.
    if (stream != nullptr) *id = stream->last_entry_id().Previous().value_or(StreamId{});
    return true;
  }
  if (ctx[i] == ">") {
    ctx.reply.Error(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
    return false;
  }
  return ReadStreamId(ctx, i, 0, id);
}

struct News {
  std::string_view key;
  const StreamObject* stream;
  StreamId first;
};

// XREAD [COUNT count] [BLOCK milliseconds] streams=STREAMS key [key ...] id [id ...]
void XRead(Context& ctx) {
  StreamReadArguments read;
  if (!read.Read(ctx, false)) return;
  std::vector<StreamId> known(read.streams);
  for (size_t i = 0; i < read.streams; ++i) {
    const StreamToRead found(ctx, ctx.Key(read.KeyAt(i)));
    if (found.failed || !ReadKnownId(ctx, read.IdAt(i), found.stream, &known[i])) return;
  }
  std::vector<News> news;
  for (size_t i = 0; i < read.streams; ++i) {
    // Looked up once more, as in Redis, where the first time serves the ids: hits, misses and their events
    // count both.
    const StreamToRead found(ctx, ctx.Key(read.KeyAt(i)));
    if (found.stream == nullptr || found.stream->last_entry_id() <= known[i]) continue;
    news.push_back({ctx[read.KeyAt(i)], found.stream, *known[i].Next()});
  }
  // Nobody waits, as if the time of BLOCK were over.
  if (news.empty()) return ctx.reply.NullArray();
  ReplyStreams(ctx.reply, news.size());
  for (const News& of : news) {
    ReplyStreamName(ctx.reply, of.key);
    ReplyRange(ctx.reply, *of.stream, of.first, storage::kMaxStreamId, storage::StreamDirection::kForwards,
               read.most);
  }
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kReadKeys[] = {{.flags = kKeyRo | kKeyAccess,
                                  .begin = KeySpec::Begin::kKeyword,
                                  .keyword = "STREAMS",
                                  .last = -1,
                                  .limit = 2}};

constexpr CommandSpec kCommands[] = {
    {.name = "xread",
     .arity = -4,
     .flags = kReadonly | kBlocking | kMovableKeys,
     .categories = kCatStream,
     .keys = kReadKeys,
     .handler = XRead,
     .group = "stream",
     .since = "5.0.0",
     .complexity =
         "O(log N+M) for each stream, N being the number of its nodes and M that of the entries that "
         "are returned.",
     .summary = "Returns the entries of one or more streams that are behind the ids given.",
     .syntax = "[COUNT count] [BLOCK milliseconds] streams=STREAMS key [key ...] id [id ...]"},
};

}  // namespace

std::span<const CommandSpec> StreamNewsCommands() { return kCommands; }

}  // namespace corral::commands
