// Publish and subscribe: the commands that join and leave channels, send messages, and ask who listens.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/pubsub/hub.h"

namespace corral::commands {
namespace {

using client::TopicKind;
using command::CommandSpec;
using command::Context;

// The words of the acknowledgements, by kind.
constexpr std::string_view kJoined[] = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::string_view kLeft[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

int64_t CountOf(const client::Client& client, TopicKind kind) {
  return client.subscriptions ? static_cast<int64_t>(client.subscriptions->Counted(kind)) : 0;
}

void Acknowledge(Context& ctx, std::string_view word, std::string_view name, TopicKind kind) {
  ctx.reply.Push(3);
  ctx.reply.Bulk(word);
  ctx.reply.Bulk(name);
  ctx.reply.Integer(CountOf(ctx.client, kind));
}

void Join(Context& ctx, TopicKind kind) {
  for (size_t i = 1; i < ctx.size(); ++i) {
    ctx.services.pubsub.Subscribe(ctx.client, kind, ctx[i]);
    Acknowledge(ctx, kJoined[static_cast<size_t>(kind)], ctx[i], kind);
  }
}

void LeaveTopics(Context& ctx, TopicKind kind) {
  const std::string_view word = kLeft[static_cast<size_t>(kind)];
  pubsub::Hub& hub = ctx.services.pubsub;
  for (size_t i = 1; i < ctx.size(); ++i) {
    hub.Unsubscribe(ctx.client, kind, ctx[i]);
    Acknowledge(ctx, word, ctx[i], kind);
  }
  if (ctx.size() > 1) return;
  bool any = false;
  hub.UnsubscribeAll(ctx.client, kind, [&](std::string_view name) {
    any = true;
    Acknowledge(ctx, word, name, kind);
  });
  if (any) return;
  ctx.reply.Push(3);
  ctx.reply.Bulk(word);
  ctx.reply.Null();
  ctx.reply.Integer(CountOf(ctx.client, kind));
}

void Send(Context& ctx, TopicKind kind) {
  ctx.reply.Integer(
      static_cast<int64_t>(ctx.services.pubsub.Publish(ctx.client.owner(), kind, ctx[1], ctx[2])));
}

// SUBSCRIBE channel [channel ...]
void Subscribe(Context& ctx) { Join(ctx, TopicKind::kChannel); }
// PSUBSCRIBE pattern [pattern ...]
void Psubscribe(Context& ctx) { Join(ctx, TopicKind::kPattern); }
// SSUBSCRIBE shardchannel [shardchannel ...]
void Ssubscribe(Context& ctx) { Join(ctx, TopicKind::kShardChannel); }
// UNSUBSCRIBE [channel [channel ...]]
void Unsubscribe(Context& ctx) { LeaveTopics(ctx, TopicKind::kChannel); }
// PUNSUBSCRIBE [pattern [pattern ...]]
void Punsubscribe(Context& ctx) { LeaveTopics(ctx, TopicKind::kPattern); }
// SUNSUBSCRIBE [shardchannel [shardchannel ...]]
void Sunsubscribe(Context& ctx) { LeaveTopics(ctx, TopicKind::kShardChannel); }
// PUBLISH channel message
void Publish(Context& ctx) { Send(ctx, TopicKind::kChannel); }
// SPUBLISH shardchannel message
void Spublish(Context& ctx) { Send(ctx, TopicKind::kShardChannel); }

void ReplyNames(Context& ctx, TopicKind kind) {
  if (ctx.size() > 3) return ctx.ReplySubcommandSyntax();
  const std::string_view pattern = ctx.size() == 3 ? ctx[2] : "*";
  const std::vector<std::string> names = ctx.services.pubsub.Names(kind, pattern);
  ctx.reply.Array(names.size());
  for (const std::string& name : names) ctx.reply.Bulk(name);
}

void ReplyCounts(Context& ctx, TopicKind kind) {
  ctx.reply.Array(2 * (ctx.size() - 2));
  for (size_t i = 2; i < ctx.size(); ++i) {
    ctx.reply.Bulk(ctx[i]);
    ctx.reply.Integer(static_cast<int64_t>(ctx.services.pubsub.Subscribers(kind, ctx[i])));
  }
}

// PUBSUB CHANNELS [pattern]
void Channels(Context& ctx) { ReplyNames(ctx, TopicKind::kChannel); }
// PUBSUB SHARDCHANNELS [pattern]
void ShardChannels(Context& ctx) { ReplyNames(ctx, TopicKind::kShardChannel); }
// PUBSUB NUMSUB [channel [channel ...]]
void NumSub(Context& ctx) { ReplyCounts(ctx, TopicKind::kChannel); }
// PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]
void ShardNumSub(Context& ctx) { ReplyCounts(ctx, TopicKind::kShardChannel); }
// PUBSUB NUMPAT
void NumPat(Context& ctx) {
  ctx.reply.Integer(static_cast<int64_t>(ctx.services.pubsub.topics(TopicKind::kPattern)));
}

// PUBSUB HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]",
      "    Answer the channels that have subscribers, all or those that match <pattern>.",
      "NUMPAT",
      "    Answer how many patterns have subscribers.",
      "NUMSUB [<channel> ...]",
      "    Answer how many subscribers each channel has, those of patterns not counted.",
      "SHARDCHANNELS [<pattern>]",
      "    Answer the shard channels that have subscribers, all or those that match <pattern>.",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Answer how many subscribers each shard channel has.",
  };
  ctx.ReplyHelp(kLines);
}

constexpr uint32_t kAnyTime = command::kPubsub | command::kLoading | command::kStale;
constexpr uint32_t kSubscribing =
    kAnyTime | command::kNoScript | command::kWhileSubscribed | command::kRepliesPush;
constexpr uint32_t kPublishing = kAnyTime | command::kFast | command::kHeldWithWrites;

constexpr CommandSpec Row(std::string_view name, int arity, uint32_t flags, command::Handler handler,
                          std::string_view since, std::string_view complexity, std::string_view summary,
                          std::string_view syntax, std::span<const command::KeySpec> keys = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .keys = keys,
          .handler = handler,
          .group = "pubsub",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax};
}

constexpr std::string_view kPerChannel = "O(N) where N is the number of channels";
constexpr std::string_view kPerActive = "O(N) where N is the number of active channels";

constexpr CommandSpec kPubsubSubcommands[] = {
    Row("channels", -2, kAnyTime, Channels, "2.8.0", kPerActive, "Lists the channels that have subscribers.",
        "[pattern]"),
    Row("help", 2, command::kLoading | command::kStale, Help, "6.2.0", "O(1)", "Describes the subcommands.",
        ""),
    Row("numpat", 2, kAnyTime, NumPat, "2.8.0", "O(1)", "Counts the patterns that have subscribers.", ""),
    Row("numsub", -2, kAnyTime, NumSub, "2.8.0", kPerChannel, "Counts the subscribers of channels.",
        "[channel [channel ...]]"),
    Row("shardchannels", -2, kAnyTime, ShardChannels, "7.0.0", kPerActive,
        "Lists the shard channels that have subscribers.", "[pattern]"),
    Row("shardnumsub", -2, kAnyTime, ShardNumSub, "7.0.0", kPerChannel,
        "Counts the subscribers of shard channels.", "[shardchannel [shardchannel ...]]"),
};

constexpr command::KeySpec kShardChannel[] = {{.flags = command::kKeyNotKey}};
constexpr command::KeySpec kShardChannels[] = {{.flags = command::kKeyNotKey, .last = -1}};

constexpr CommandSpec kRows[] = {
    Row("psubscribe", -2, kSubscribing, Psubscribe, "2.0.0", "O(N) where N is the number of patterns",
        "Joins all channels whose names match patterns.", "pattern [pattern ...]"),
    Row("publish", 3, kPublishing, Publish, "2.0.0",
        "O(N+M) where N is the number of subscribers of the channel and M the number of patterns in use",
        "Sends a message to the subscribers of a channel.", "channel message"),
    {.name = "pubsub",
     .arity = -2,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for commands about channels.",
     .syntax = "",
     .subcommands = kPubsubSubcommands},
    Row("punsubscribe", -1, kSubscribing, Punsubscribe, "2.0.0", "O(N) where N is the number of patterns",
        "Leaves patterns, or all of them.", "[pattern [pattern ...]]"),
    Row("spublish", 3, kPublishing, Spublish, "7.0.0", "O(N) where N is the number of subscribers",
        "Sends a message to the subscribers of a shard channel.", "shardchannel message", kShardChannel),
    Row("ssubscribe", -2, kSubscribing, Ssubscribe, "7.0.0", kPerChannel, "Joins shard channels.",
        "shardchannel [shardchannel ...]", kShardChannels),
    Row("subscribe", -2, kSubscribing, Subscribe, "2.0.0", kPerChannel, "Joins channels.",
        "channel [channel ...]"),
    Row("sunsubscribe", -1, kSubscribing, Sunsubscribe, "7.0.0", kPerChannel,
        "Leaves shard channels, or all of them.", "[shardchannel [shardchannel ...]]", kShardChannels),
    Row("unsubscribe", -1, kSubscribing, Unsubscribe, "2.0.0", kPerChannel,
        "Leaves channels, or all of them.", "[channel [channel ...]]"),
};

}  // namespace

std::span<const CommandSpec> PubsubCommands() { return kRows; }

}  // namespace corral::commands
