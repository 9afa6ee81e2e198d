// Sorted sets in no order: ZRANDMEMBER, ZSCAN.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/scan_arguments.h"
#include "server/commands/zset_access.h"
#include "storage/base/random.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using storage::ZsetOrder;
using storage::ZsetReader;

void ReplyRandom(Context& ctx, const ZsetReader& zset, int64_t count, bool with_scores) {
  storage::Random random(ctx.services.keyspace.NextRandom());
  if (count < 0) {  // each one anew
    const uint64_t size = zset.size(), picks = -static_cast<uint64_t>(count);
    const MembersReply reply(ctx.reply, picks, with_scores);
    return PickRepeatedly(ctx, picks, [&] {
      zset.Each({random.Below(size), 1}, ZsetOrder::kAscending, reply);
    });
  }
  const auto most = std::min(static_cast<uint64_t>(count), static_cast<uint64_t>(zset.size()));
  zset.Sample(most, random, MembersReply(ctx.reply, most, with_scores));
}

// ZRANDMEMBER key [count [WITHSCORES]]
void ZrandMember(Context& ctx) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (ctx.size() == 2) {
    const ZsetToRead found(ctx, ctx.Key(1));
    if (found.failed) return;
    if (!found.zset) return ctx.reply.Null();
    storage::Random random(ctx.services.keyspace.NextRandom());
    return found.zset->Each({random.Below(found.zset->size()), 1}, ZsetOrder::kAscending,
                            [&](std::string_view member, double) { ctx.reply.Bulk(member); });
  }
  int64_t count = 0;
  if (!ctx.ReadIntegerInRange(2, -kMost, kMost, &count, {})) return;
  const bool with_scores = ctx.size() == 4;
  if (ctx.size() > 4 || (with_scores && !ctx.Is(3, "WITHSCORES"))) return ctx.ReplySyntaxError();
  if (with_scores && (count < -kMost / 2 || count > kMost / 2)) {
    return ctx.reply.Error("ERR value is out of range");
  }
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  if (!found.zset || count == 0) return ctx.reply.Array(0);
  ReplyRandom(ctx, *found.zset, count, with_scores);
}

// ZSCAN key cursor [MATCH pattern] [COUNT count]
void Zscan(Context& ctx) {
  uint64_t cursor = 0;
  if (!ReadCursor(ctx, 2, &cursor)) return;
  const ZsetToRead found(ctx, ctx.Key(1));
  if (found.failed) return;
  std::vector<std::string> parts;  // member, score
  if (found.zset) {
    ScanArguments arguments;
    if (!arguments.Read(ctx, 3)) return;
    cursor = found.zset->Scan(cursor, arguments.count, [&](std::string_view member, double score) {
      if (!arguments.Match(member)) return;
      char text[storage::kDoubleChars];
      parts.emplace_back(member);
      parts.emplace_back(text, found.zset->FormatStored(score, text));
    });
  } else {
    cursor = 0;
  }
  ReplyScan(ctx, cursor, parts);
}

using enum command::Flag;
using enum command::Category;

constexpr std::string_view kRandom[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "zrandmember",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = ZrandMember,
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = "O(M*log(N)), N being the size of the sorted set and M the number of members returned.",
     .summary = "Returns random members; with a negative count a member may come again.",
     .syntax = "key options=[count [WITHSCORES]]",
     .tips = kRandom},
    {.name = "zscan",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .keys = command::kReadKey,
     .handler = Zscan,
     .group = "sorted-set",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for a whole scan, N being the number of members.",
     .summary = "Goes through the members and scores of a sorted set in small steps.",
     .syntax = "key cursor [MATCH pattern] [COUNT count]",
     .tips = kRandom},
};

}  // namespace

std::span<const CommandSpec> ZsetWalkCommands() { return kCommands; }

}  // namespace corral::commands
