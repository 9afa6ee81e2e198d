// XGROUP: the consumer groups of a stream, and their consumers.
#include <cstdint>
#include <memory>
#include <optional>

#include "server/command/event.h"
#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"

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

// How many arguments there are at most, options of which the last counts being given twice.
constexpr size_t kMostOfCreate = 8;
constexpr size_t kMostOfSetId = 7;

// The options of CREATE and SETID; false after an error reply.
struct GroupOptions {
  bool make_stream = false;
  std::optional<uint64_t> entries_read;

  bool Read(Context& ctx, bool creates) {
    for (size_t i = 5; i < ctx.size(); ++i) {
      if (creates && ctx.Is(i, "MKSTREAM")) {
        make_stream = true;
      } else if (ctx.Is(i, "ENTRIESREAD") && i + 1 < ctx.size()) {
        if (!ReadEntriesRead(ctx, ++i)) return false;
      } else {
        ctx.ReplySubcommandSyntax();
        return false;
      }
    }
    return true;
  }

 private:
  bool ReadEntriesRead(Context& ctx, size_t i) {
    int64_t count = 0;
    if (!ctx.ReadInteger(i, &count)) return false;
    if (count < -1) {
      ctx.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
      return false;
    }
    entries_read.reset();  // -1: not known
    if (count >= 0) entries_read = static_cast<uint64_t>(count);
    return true;
  }
};

void ReplyNeedsKey(Context& ctx) {
  ctx.reply.Error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
      "MKSTREAM option to create an empty stream automatically.");
}

// A stream that is there, for change; false after an error reply.
bool ExpectStream(Context& ctx, const StreamToChange& found) {
  if (found.failed()) return false;
  if (!found.exists()) ReplyNeedsKey(ctx);
  return found.exists();
}

// The group that a command names, for change; null after an error reply.
StreamGroup* FindGroup(Context& ctx, StreamToChange& found) {
  if (!ExpectStream(ctx, found)) return nullptr;
  StreamGroup* group = found->FindGroup(ctx[3]);
  if (group == nullptr) ReplyNoSuchGroup(ctx, ctx[3], ctx[2]);
  return group;
}

// XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]
void XGroupCreate(Context& ctx) {
  GroupOptions options;
  if (!options.Read(ctx, true)) return;
  const Key key = ctx.Key(2);
  StreamToChange found(ctx, key);
  if (found.failed()) return;
  if (!found.exists() && !options.make_stream) return ReplyNeedsKey(ctx);
  if (ctx.size() > kMostOfCreate) return ctx.ReplySubcommandSyntax();
  StreamId id;
  if (ctx[4] == "$") {
    if (found.exists()) id = found->counters().last_id;
  } else if (!ReadStreamId(ctx, 4, 0, &id)) {
    return;
  }
  if (!found.exists()) found.Create(std::make_unique<StreamObject>());
  if (found->CreateGroup(ctx[3], id, options.entries_read) == nullptr) {
    return ctx.reply.Error("BUSYGROUP Consumer Group name already exists");
  }
  found.Close();
  ctx.Changed(key, command::events::kXgroupCreate);
  ctx.reply.Ok();
}

// XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]
void XGroupSetId(Context& ctx) {
  GroupOptions options;
  if (!options.Read(ctx, false)) return;
  const Key key = ctx.Key(2);
  StreamToChange found(ctx, key);
  StreamGroup* group = FindGroup(ctx, found);
  if (group == nullptr) return;
  if (ctx.size() > kMostOfSetId) return ctx.ReplySubcommandSyntax();
  StreamId id;
  if (ctx[4] == "$") {
    id = found->counters().last_id;
  } else if (!ReadStreamIdOrEnd(ctx, 4, 0, &id)) {
    return;
  }
  group->last_delivered = id;
  group->entries_read = options.entries_read;
  found.Close();
  ctx.Changed(key, command::events::kXgroupSetId);
  ctx.reply.Ok();
}

// XGROUP DESTROY key group
void XGroupDestroy(Context& ctx) {
  const Key key = ctx.Key(2);
  StreamToChange found(ctx, key);
  if (!ExpectStream(ctx, found)) return;
  const bool destroyed = found->DestroyGroup(ctx[3]);
  found.Close();
  if (destroyed) ctx.Changed(key, command::events::kXgroupDestroy);
  ctx.reply.Integer(destroyed ? 1 : 0);
}

// XGROUP CREATECONSUMER key group consumer
void XGroupCreateConsumer(Context& ctx) {
  const Key key = ctx.Key(2);
  StreamToChange found(ctx, key);
  StreamGroup* group = FindGroup(ctx, found);
  if (group == nullptr) return;
  const bool created = group->CreateConsumer(ctx[4], ctx.now_ms()) != nullptr;
  found.Close();
  if (created) ctx.Changed(key, command::events::kXgroupCreateConsumer);
  ctx.reply.Integer(created ? 1 : 0);
}

// XGROUP DELCONSUMER key group consumer
void XGroupDelConsumer(Context& ctx) {
  const Key key = ctx.Key(2);
  StreamToChange found(ctx, key);
  StreamGroup* group = FindGroup(ctx, found);
  if (group == nullptr) return;
  const std::optional<size_t> pending = group->DestroyConsumer(ctx[4]);
  found.Close();
  if (pending) ctx.Changed(key, command::events::kXgroupDelConsumer);
  ctx.reply.Integer(static_cast<int64_t>(pending.value_or(0)));
}

// XGROUP HELP
void XGroupHelp(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]",
      "    Add a group that reads the entries behind the id. MKSTREAM creates an absent stream;",
      "    ENTRIESREAD says how many entries were added up to the id, for the group's lag.",
      "CREATECONSUMER <key> <group> <consumer>",
      "    Add a consumer to a group.",
      "DELCONSUMER <key> <group> <consumer>",
      "    Remove a consumer with what it has pending; replies with how many entries these were.",
      "DESTROY <key> <group>",
      "    Remove a group with its consumers.",
      "SETID <key> <group> <id|$> [ENTRIESREAD <entries-read>]",
      "    Let a group go on behind another id.",
  };
  ctx.ReplyHelp(kLines);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kInsertKey[] = {{.flags = kKeyRw | kKeyInsert, .begin_index = 2}};
constexpr KeySpec kUpdateKey[] = {{.flags = kKeyRw | kKeyUpdate, .begin_index = 2}};
constexpr KeySpec kDeleteKey[] = {{.flags = kKeyRw | kKeyDelete, .begin_index = 2}};

constexpr CommandSpec kSubcommands[] = {
    {.name = "create",
     .arity = -5,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .keys = kInsertKey,
     .handler = XGroupCreate,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Adds a consumer group to a stream.",
     .syntax = "key group id-selector=<id | new-id=$> [MKSTREAM] [ENTRIESREAD entries-read]"},
    {.name = "createconsumer",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .keys = kInsertKey,
     .handler = XGroupCreateConsumer,
     .group = "stream",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Adds a consumer to a group.",
     .syntax = "key group consumer"},
    {.name = "delconsumer",
     .arity = 5,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = kDeleteKey,
     .handler = XGroupDelConsumer,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N log M), N being what the consumer has pending and M what the group has.",
     .summary = "Removes a consumer and returns how many entries it had pending.",
     .syntax = "key group consumer"},
    {.name = "destroy",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = kDeleteKey,
     .handler = XGroupDestroy,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N), N being what the group has pending.",
     .summary = "Removes a consumer group.",
     .syntax = "key group"},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .handler = XGroupHelp,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of XGROUP.",
     .syntax = ""},
    {.name = "setid",
     .arity = -5,
     .flags = kWrite,
     .categories = kCatStream,
     .keys = kUpdateKey,
     .handler = XGroupSetId,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Sets up to which id a group has read.",
     .syntax = "key group id-selector=<id | new-id=$> [ENTRIESREAD entries-read]"},
};

constexpr CommandSpec kCommands[] = {
    {.name = "xgroup",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "A container for commands on consumer groups.",
     .syntax = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> StreamGroupCommands() { return kCommands; }

}  // namespace corral::commands
