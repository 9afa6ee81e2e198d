// Deleting entries together with what groups have pending of them, or only once no group needs them.
#include <cstdint>
#include <vector>

#include "server/command/event.h"
#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "server/commands/stream/stream_references_argument.h"

namespace corral::commands {

using storage::StreamReferences;

std::optional<StreamReferences> ReferencesNamed(const command::Context& ctx, size_t i) {
  if (ctx.Is(i, "KEEPREF")) return StreamReferences::kKeep;
  if (ctx.Is(i, "DELREF")) return StreamReferences::kDrop;
  if (ctx.Is(i, "ACKED")) return StreamReferences::kAwait;
  return std::nullopt;
}

namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::StreamGroup;
using storage::StreamId;
using storage::StreamObject;

// Replies for each id.
constexpr int64_t kAbsent = -1;  // there is no such entry; in XACKDEL: it is not pending
constexpr int64_t kDeleted = 1;
constexpr int64_t kNeeded = 2;  // by a group: it stays

// [KEEPREF | DELREF | ACKED] IDS numids id [id ...], of which a mistake is answered.
struct DeletionArguments {
  std::optional<StreamReferences> references_named;
  std::vector<StreamId> ids;

  StreamReferences references() const { return references_named.value_or(StreamReferences::kKeep); }

  bool Read(Context& ctx, size_t first) {
    for (size_t i = first; i < ctx.size(); ++i) {
      if (const auto named = ReferencesNamed(ctx, i); named && !references_named) {
        references_named = named;
      } else if (ids.empty() && ctx.Is(i, "IDS") && i + 1 < ctx.size()) {
        if (!TakeIds(ctx, &i)) return false;
      } else {
        return Refuse(ctx, protocol::wire::kSyntax);
      }
    }
    return !ids.empty() || Refuse(ctx, protocol::wire::kSyntax);
  }

 private:
  // Leaves `*i` at the last of them.
  bool TakeIds(Context& ctx, size_t* i) {
    int64_t count = 0;
    if (!ctx.ReadIntegerInRange(++*i, 1, INT64_MAX, &count, "ERR Number of IDs must be a positive integer")) {
      return false;
    }
    if (static_cast<uint64_t>(count) > ctx.size() - 1 - *i) {
      return Refuse(ctx, "ERR The `numids` parameter must match the number of arguments");
    }
    for (; count > 0; --count) {
      if (!ReadStreamId(ctx, ++*i, 0, &ids.emplace_back())) return false;
    }
    return true;
  }

  static bool Refuse(Context& ctx, std::string_view error) {
    ctx.reply.Error(error);
    return false;
  }
};

// What a command of this file has done.
class Deletion {
 public:
  Deletion(StreamObject& stream, StreamReferences references) : stream_(stream), references_(references) {}

  uint64_t deleted() const { return deleted_; }
  uint64_t dropped() const { return dropped_; }

  int64_t Delete(StreamId id) {
    if (references_ == StreamReferences::kDrop) dropped_ += stream_.DropReferences(id);
    if (references_ == StreamReferences::kAwait && stream_.IsReferenced(id)) {
      return stream_.Contains(id) ? kNeeded : kAbsent;
    }
    if (!stream_.Delete(id)) return kAbsent;
    ++deleted_;
    return kDeleted;
  }

  int64_t AcknowledgeAndDelete(StreamGroup& group, StreamId id) {
    if (!group.Acknowledge(id)) return kAbsent;
    ++dropped_;
    if (references_ == StreamReferences::kAwait && stream_.IsReferenced(id)) return kNeeded;
    Delete(id);
    return kDeleted;  // if another has deleted it, too
  }

 private:
  StreamObject& stream_;
  const StreamReferences references_;
  uint64_t deleted_ = 0;
  uint64_t dropped_ = 0;  // deliveries
};

void Report(Context& ctx, const Key& key, const Deletion& deletion) {
  if (deletion.dropped() > 0) ctx.Changed(key, command::events::kXack.Times(deletion.dropped()));
  if (deletion.deleted() > 0) ctx.Changed(key, command::events::kXdel.Times(deletion.deleted()));
}

void ReplyOutcomes(Context& ctx, const std::vector<int64_t>& outcomes) {
  ctx.reply.Array(outcomes.size());
  for (const int64_t outcome : outcomes) ctx.reply.Integer(outcome);
}

// XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
void XDelEx(Context& ctx) {
  DeletionArguments arguments;
  if (!arguments.Read(ctx, 2)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  std::vector<int64_t> outcomes(arguments.ids.size(), kAbsent);
  if (!found.exists()) return ReplyOutcomes(ctx, outcomes);
  Deletion deletion(*found, arguments.references());
  for (size_t i = 0; i < outcomes.size(); ++i) outcomes[i] = deletion.Delete(arguments.ids[i]);
  found.Close();
  Report(ctx, key, deletion);
  ReplyOutcomes(ctx, outcomes);
}

// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
void XAckDel(Context& ctx) {
  DeletionArguments arguments;
  if (!arguments.Read(ctx, 3)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  std::vector<int64_t> outcomes(arguments.ids.size(), kAbsent);
  StreamGroup* group = found.exists() ? found->FindGroup(ctx[2]) : nullptr;
  if (group == nullptr) return ReplyOutcomes(ctx, outcomes);
  Deletion deletion(*found, arguments.references());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i] = deletion.AcknowledgeAndDelete(*group, arguments.ids[i]);
  }
  found.Close();
  Report(ctx, key, deletion);
  ReplyOutcomes(ctx, outcomes);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kDeleteKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr KeySpec kAckDeleteKey[] = {{.flags = kKeyRw | kKeyUpdate | kKeyDelete}};

constexpr CommandSpec kCommands[] = {
    {.name = "xdelex",
     .arity = -5,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kDeleteKey,
     .handler = XDelEx,
     .group = "stream",
     .since = "8.2.0",
     .complexity =
         "O(G log N) for each id, G being the number of groups and N that of the nodes or of what a "
         "group has pending.",
     .summary = "Deletes entries, and says what becomes of those that groups have pending.",
     .syntax = "key condition=[KEEPREF | DELREF | ACKED] IDS numids id [id ...]"},
    {.name = "xackdel",
     .arity = -6,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kAckDeleteKey,
     .handler = XAckDel,
     .group = "stream",
     .since = "8.2.0",
     .complexity =
         "O(G log N) for each id, G being the number of groups and N that of the nodes or of what a "
         "group has pending.",
     .summary = "Acknowledges entries for a group and deletes them, as far as other groups allow it.",
     .syntax = "key group condition=[KEEPREF | DELREF | ACKED] IDS numids id [id ...]"},
};

}  // namespace

std::span<const CommandSpec> StreamDeletionCommands() { return kCommands; }

}  // namespace corral::commands
