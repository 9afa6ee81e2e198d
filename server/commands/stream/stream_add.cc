// Streams at their ends: entries come last and go first.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "server/commands/stream/stream_trim_argument.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::EffectArgument;
using command::KeySpec;
using storage::Key;
using storage::StreamId;
using storage::StreamObject;

// The arguments of XADD.
struct NewEntry {
  bool create = true;
  StreamTrimArgument trim;
  NewStreamId id;
  size_t id_at = 0;

  bool Read(Context& ctx);
  storage::StreamFields Fields(const Context& ctx) const { return ctx.arguments().subspan(id_at + 1); }
  std::optional<StreamId> IdIn(const StreamObject& stream, int64_t now_ms) const;
};

bool NewEntry::Read(Context& ctx) {
  for (size_t i = 2; i < ctx.size() && id_at == 0; ++i) {
    const StreamTrimArgument::Taken taken =
        ctx[i] == "*" ? StreamTrimArgument::Taken::kNo : trim.Take(ctx, &i);
    if (taken == StreamTrimArgument::Taken::kMistake) return false;
    if (taken == StreamTrimArgument::Taken::kYes) continue;
    if (ctx.Is(i, "NOMKSTREAM")) {
      create = false;
      continue;
    }
    if (!ReadNewStreamId(ctx, i, &id)) return false;
    id_at = i;
  }
  if (!trim.Finish(ctx, false)) return false;
  const size_t texts = id_at == 0 ? 0 : ctx.size() - id_at - 1;
  if (texts < 2 || texts % 2 != 0) {
    ctx.reply.Error(protocol::wire::WrongArity(ctx.command.name));
    return false;
  }
  if (id.form == NewStreamId::Form::kFixed && id.id.is_zero()) {
    ctx.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
    return false;
  }
  return true;
}

std::optional<StreamId> NewEntry::IdIn(const StreamObject& stream, int64_t now_ms) const {
  switch (id.form) {
    case NewStreamId::Form::kNext:
      return stream.NextId(static_cast<uint64_t>(now_ms));
    case NewStreamId::Form::kNextWithin:
      return stream.NextIdWithin(id.id.ms);
    case NewStreamId::Form::kFixed:
      return id.id;
  }
  return std::nullopt;
}

storage::StreamNodeLimit LimitOfNodes(const Context& ctx) {
  const config::Settings& settings = ctx.services.settings;
  return {settings.stream_node_max_bytes, settings.stream_node_max_entries};
}

// Answers a mistake.
bool Append(Context& ctx, StreamObject& stream, const NewEntry& entry, StreamId* id) {
  if (stream.counters().last_id == storage::kMaxStreamId) {
    ctx.reply.Error("ERR The stream has exhausted the last possible ID, unable to add more items");
    return false;
  }
  const std::optional<StreamId> next = entry.IdIn(stream, ctx.now_ms());
  // Redis has no other words for a millisecond whose numbers are used up.
  const auto result = next ? stream.Append(*next, entry.Fields(ctx), LimitOfNodes(ctx))
                           : StreamObject::AppendResult::kTooLarge;
  if (result == StreamObject::AppendResult::kNotGreater) {
    ctx.reply.Error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    return false;
  }
  if (result == StreamObject::AppendResult::kTooLarge) {
    ctx.reply.Error("ERR Elements are too large to be stored");
    return false;
  }
  *id = *next;
  return true;
}

// The id is the one that was given, and the trim the one that was done.
void PropagateEntry(Context& ctx, NewEntry& entry, StreamId id, const StreamObject& stream) {
  const bool approximate = entry.trim.given() && entry.trim.trim().approximate;
  if (entry.id.form == NewStreamId::Form::kFixed && !approximate) return;
  if (!ctx.propagates()) return;
  const std::string id_text = TextOf(id);
  std::vector<EffectArgument> arguments = entry.trim.EffectOf(ctx, entry.id_at, stream);
  // The id and the fields are last.
  arguments[arguments.size() - (ctx.size() - entry.id_at)] = EffectArgument(id_text);
  ctx.PropagateAs(arguments);
}

// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* |
// id> field value [field value ...]
void XAdd(Context& ctx) {
  NewEntry entry;
  if (!entry.Read(ctx)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  if (!found.exists() && !entry.create) return ctx.reply.Null();
  std::unique_ptr<StreamObject> created;
  if (!found.exists()) created = std::make_unique<StreamObject>();
  StreamObject& stream = created != nullptr ? *created : *found;
  StreamId id;
  if (!Append(ctx, stream, entry, &id)) return;
  const uint64_t trimmed = entry.trim.given() ? stream.Trim(entry.trim.trim()) : 0;
  if (created != nullptr) found.Create(std::move(created));
  found.Close();
  ctx.Changed(key, command::events::kXadd);
  if (trimmed > 0) ctx.Changed(key, command::events::kXtrim.Times(0));  // one change with the addition
  PropagateEntry(ctx, entry, id, stream);
  ReplyStreamId(ctx.reply, id);
}

// XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]
void XTrim(Context& ctx) {
  StreamTrimArgument trim;
  for (size_t i = 2; i < ctx.size(); ++i) {
    const StreamTrimArgument::Taken taken = trim.Take(ctx, &i);
    if (taken == StreamTrimArgument::Taken::kMistake) return;
    if (taken == StreamTrimArgument::Taken::kNo) return ctx.ReplySyntaxError();
  }
  if (!trim.Finish(ctx, true)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  if (!found.exists()) return ctx.reply.Integer(0);
  const uint64_t trimmed = found->Trim(trim.trim());
  const StreamObject& stream = *found;
  found.Close();
  if (trimmed > 0) {
    ctx.Changed(key, command::events::kXtrim.Times(trimmed));
    if (trim.trim().approximate && ctx.propagates()) {
      ctx.PropagateAs(trim.EffectOf(ctx, ctx.size(), stream));
    }
  }
  ctx.reply.Integer(static_cast<int64_t>(trimmed));
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kAddKey[] = {
    {.flags = kKeyRw | kKeyUpdate,
     .notes = "UPDATE instead of INSERT because of the optional trimming feature"}};
constexpr KeySpec kTrimKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr std::string_view kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "xadd",
     .arity = -5,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .keys = kAddKey,
     .handler = XAdd,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N) for an entry, N being the number of nodes, and O(M) for M entries that are "
                   "trimmed.",
     .summary = "Puts an entry behind all others of a stream, which is created if need be.",
     .syntax =
         "key [NOMKSTREAM] condition=[KEEPREF | DELREF | ACKED] trim=[strategy=<MAXLEN | MINID> operator=[equal== "
         "| approximately=~] threshold [LIMIT count]] id_or_auto=<auto_id=* | id> field value [field value ...]",
     .tips = kChanging},
    {.name = "xtrim",
     .arity = -4,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = kTrimKey,
     .handler = XTrim,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N), N being the number of entries that go.",
     .summary = "Removes the first entries of a stream, until it is short enough or begins late enough.",
     .syntax =
         "key trim=<strategy=<MAXLEN | MINID> operator=[equal== | approximately=~] threshold [LIMIT count] "
         "condition=[KEEPREF | DELREF | ACKED]>",
     .tips = kChanging},
};

}  // namespace

std::span<const CommandSpec> StreamAddCommands() { return kCommands; }

}  // namespace corral::commands
