// Taking over what a group has delivered to another consumer: XCLAIM by ids, XAUTOCLAIM by how long it is
// ago.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/command/event.h"
#include "server/commands/families.h"
#include "server/commands/stream/stream_access.h"
#include "server/commands/stream/stream_group_effects.h"

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

// Deliveries become one consumer's, which is created with the first of them. An entry that is deleted leaves
// what is pending instead. Each is a change, and an XCLAIM of its own in the log of effects.
class Claim {
 public:
  Claim(Context& ctx, StreamObject& stream, StreamGroup& group)
      : ctx_(ctx), stream_(stream), group_(group), name_{ctx[1], ctx[2]} {}

  std::optional<int64_t> deliveries;  // to be counted from here on; none: one more
  bool just_ids = false;              // nor is it counted then
  int64_t delivery_ms = 0;

  StreamObject& stream() { return stream_; }
  StreamGroup& group() { return group_; }
  uint64_t changes() const { return changes_; }
  bool created() const { return created_; }
  const std::vector<StreamId>& claimed() const { return claimed_; }
  const std::vector<StreamId>& deleted() const { return deleted_; }

  void Take(StreamPending& pending) {
    group_.Assign(pending, Consumer());
    pending.delivery_ms = delivery_ms;
    if (deliveries) {
      pending.deliveries = static_cast<uint64_t>(*deliveries);
    } else if (!just_ids) {
      ++pending.deliveries;
    }
    consumer_->active_ms = ctx_.now_ms();
    claimed_.push_back(pending.id);
    Report(pending);
  }

  // Delivers an entry that is not pending, and takes it.
  void TakeNew(StreamId id) { Take(*group_.Deliver(id, Consumer(), delivery_ms)); }

  void Drop(const StreamPending& pending) {
    const StreamId id = pending.id;
    Report(pending);
    group_.Acknowledge(id);
    deleted_.push_back(id);
  }

  // The entries that were taken, or their ids.
  void ReplyClaimed() const {
    ctx_.reply.Array(claimed_.size());
    for (const StreamId id : claimed_) {
      if (just_ids) {
        ReplyStreamId(ctx_.reply, id);
        continue;
      }
      StreamRange range(stream_, id, id);
      range.Next();
      ReplyEntry(ctx_.reply, range);
    }
  }

 private:
  StreamConsumer& Consumer() {
    if (consumer_ == nullptr) consumer_ = group_.FindConsumer(ctx_[3]);
    if (consumer_ == nullptr) {
      consumer_ = group_.CreateConsumer(ctx_[3], ctx_.now_ms());
      created_ = true;
    }
    consumer_->seen_ms = ctx_.now_ms();
    return *consumer_;
  }

  void Report(const StreamPending& pending) {
    PropagateClaim(ctx_, name_, group_.last_delivered, pending);
    ++changes_;
  }

  Context& ctx_;
  StreamObject& stream_;
  StreamGroup& group_;
  const GroupName name_;
  StreamConsumer* consumer_ = nullptr;
  bool created_ = false;
  uint64_t changes_ = 0;
  std::vector<StreamId> claimed_, deleted_;
};

void ReportClaim(Context& ctx, const Key& key, const Claim& claim, uint64_t changes) {
  if (claim.created()) ctx.Changed(key, command::events::kXgroupCreateConsumer);
  if (changes > 0) ctx.Changed(key, command::events::kXclaim.Times(changes));
}

// The group of a claim, for change; null after an error reply.
StreamGroup* FindGroup(Context& ctx, StreamToChange& found) {
  if (found.failed()) return nullptr;
  StreamGroup* group = found.exists() ? found->FindGroup(ctx[2]) : nullptr;
  if (group == nullptr) ReplyNoSuchKeyOrGroup(ctx, ctx[1], ctx[2]);
  return group;
}

bool ReadMinIdle(Context& ctx, std::string_view error, int64_t* min_idle_ms) {
  if (!ctx.ReadInteger(4, min_idle_ms, error)) return false;
  *min_idle_ms = std::max<int64_t>(*min_idle_ms, 0);
  return true;
}

bool IsIdle(const Context& ctx, const StreamPending& pending, int64_t min_idle_ms) {
  return min_idle_ms == 0 || ctx.now_ms() - pending.delivery_ms >= min_idle_ms;
}

// What follows min-idle-time in XCLAIM: ids as far as they can be read, then options.
struct ClaimArguments {
  std::vector<StreamId> ids;
  std::optional<int64_t> delivery_ms;
  std::optional<int64_t> deliveries;
  StreamId last_id;  // 0-0: not given
  bool force = false;
  bool just_ids = false;

  bool Read(Context& ctx) {
    size_t i = 5;
    for (StreamId id; i < ctx.size() && IsStreamId(ctx[i], &id); ++i) ids.push_back(id);
    for (; i < ctx.size(); ++i) {
      if (!TakeOption(ctx, &i)) return false;
    }
    return true;
  }

 private:
  bool TakeOption(Context& ctx, size_t* i) {
    const bool more = *i + 1 < ctx.size();
    if (ctx.Is(*i, "FORCE")) {
      force = true;
      return true;
    }
    if (ctx.Is(*i, "JUSTID")) {
      just_ids = true;
      return true;
    }
    if (more && ctx.Is(*i, "LASTID")) return ReadStreamId(ctx, ++*i, 0, &last_id);
    int64_t number = 0;
    if (more && ctx.Is(*i, "IDLE")) {
      if (!ctx.ReadInteger(++*i, &number, "ERR Invalid IDLE option argument for XCLAIM")) return false;
      delivery_ms = number < 0 ? ctx.now_ms() : ctx.now_ms() - number;
      return true;
    }
    if (more && ctx.Is(*i, "TIME")) {
      if (!ctx.ReadInteger(++*i, &number, "ERR Invalid TIME option argument for XCLAIM")) return false;
      delivery_ms = number;
      return true;
    }
    if (more && ctx.Is(*i, "RETRYCOUNT")) {
      if (!ctx.ReadInteger(++*i, &number, "ERR Invalid RETRYCOUNT option argument for XCLAIM")) return false;
      deliveries.reset();
      if (number >= 0) deliveries = number;
      return true;
    }
    ctx.reply.Error("ERR Unrecognized XCLAIM option '" + NameInError(ctx[*i]) + "'");
    return false;
  }
};

// A time that cannot be is now: clients reckon it by clocks of their own.
int64_t DeliveryTime(const Context& ctx, const ClaimArguments& arguments) {
  const int64_t now_ms = ctx.now_ms();
  const int64_t time_ms = arguments.delivery_ms.value_or(now_ms);
  return time_ms < 0 || time_ms > now_ms ? now_ms : time_ms;
}

// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT
// count] [FORCE] [JUSTID] [LASTID lastid]
void XClaim(Context& ctx) {
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  StreamGroup* group = FindGroup(ctx, found);
  if (group == nullptr) return;
  int64_t min_idle_ms = 0;
  ClaimArguments arguments;
  if (!ReadMinIdle(ctx, "ERR Invalid min-idle-time argument for XCLAIM", &min_idle_ms) ||
      !arguments.Read(ctx)) {
    return;
  }
  const bool advances = arguments.last_id > group->last_delivered;
  if (advances) group->last_delivered = arguments.last_id;
  Claim claim(ctx, *found, *group);
  claim.deliveries = arguments.deliveries;
  claim.just_ids = arguments.just_ids;
  claim.delivery_ms = DeliveryTime(ctx, arguments);
  for (const StreamId id : arguments.ids) {
    StreamPending* pending = group->pending().Find(id);
    if (!found->Contains(id)) {
      if (pending != nullptr) claim.Drop(*pending);
    } else if (pending == nullptr) {
      if (arguments.force) claim.TakeNew(id);
    } else if (IsIdle(ctx, *pending, min_idle_ms)) {
      claim.Take(*pending);
    }
  }
  claim.ReplyClaimed();
  found.Close();
  // An XCLAIM in the log carries the last id with it.
  const bool alone = advances && claim.changes() == 0;
  ReportClaim(ctx, key, claim, claim.changes() + (alone ? 1 : 0));
  if (alone) PropagateGroupId(ctx, {ctx[1], ctx[2]}, *group);
}

struct AutoClaimArguments {
  int64_t min_idle_ms = 0;
  StreamId start;
  int64_t count = 100;
  bool just_ids = false;

  bool Read(Context& ctx) {
    // Redis's: so many ids must fit into its memory.
    constexpr int64_t kMostCount = INT64_MAX / 16;
    if (!ReadMinIdle(ctx, "ERR Invalid min-idle-time argument for XAUTOCLAIM", &min_idle_ms)) return false;
    if (!ReadRangeStart(ctx, 5, &start)) return false;
    for (size_t i = 6; i < ctx.size(); ++i) {
      if (ctx.Is(i, "COUNT") && i + 1 < ctx.size()) {
        if (!ctx.ReadIntegerInRange(++i, 1, kMostCount, &count, "ERR COUNT must be > 0")) return false;
      } else if (ctx.Is(i, "JUSTID")) {
        just_ids = true;
      } else {
        ctx.ReplySyntaxError();
        return false;
      }
    }
    return true;
  }
};

// Returns where the next call is to go on: 0-0 behind the last delivery.
StreamId ClaimIdle(const Context& ctx, const AutoClaimArguments& arguments, Claim& claim) {
  // So many deliveries are looked at for each that may be taken.
  constexpr int64_t kAttempts = 10;
  const storage::StreamPendingList& pending = claim.group().pending();
  auto at = pending.From(arguments.start);
  int64_t left = arguments.count;
  for (int64_t attempts = left * kAttempts; attempts > 0 && left > 0 && at != pending.end(); --attempts) {
    StreamPending& one = **at;
    if (!claim.stream().Contains(one.id)) {
      const StreamId id = one.id;
      claim.Drop(one);
      at = pending.From(id);  // the list has changed
      --left;
      continue;
    }
    ++at;
    if (!IsIdle(ctx, one, arguments.min_idle_ms)) continue;
    claim.Take(one);
    --left;
  }
  return at == pending.end() ? StreamId{} : (*at)->id;
}

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
void XAutoClaim(Context& ctx) {
  AutoClaimArguments arguments;
  if (!arguments.Read(ctx)) return;
  const Key key = ctx.Key(1);
  StreamToChange found(ctx, key);
  StreamGroup* group = FindGroup(ctx, found);
  if (group == nullptr) return;
  Claim claim(ctx, *found, *group);
  claim.just_ids = arguments.just_ids;
  claim.delivery_ms = ctx.now_ms();
  const StreamId next = ClaimIdle(ctx, arguments, claim);
  ctx.reply.Array(3);
  ReplyStreamId(ctx.reply, next);
  claim.ReplyClaimed();
  ctx.reply.Array(claim.deleted().size());
  for (const StreamId id : claim.deleted()) ReplyStreamId(ctx.reply, id);
  found.Close();
  ReportClaim(ctx, key, claim, claim.changes());
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kUpdateKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr KeySpec kDeleteKey[] = {{.flags = kKeyRw | kKeyDelete}};
constexpr std::string_view kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "xclaim",
     .arity = -6,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kUpdateKey,
     .handler = XClaim,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log N) for each id, N being what the group has pending.",
     .summary = "Makes deliveries of a group those of another consumer, as if it had been given them.",
     .syntax = "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] "
               "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
     .tips = kChanging},
    {.name = "xautoclaim",
     .arity = -6,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = kDeleteKey,
     .handler = XAutoClaim,
     .group = "stream",
     .since = "6.2.0",
     .complexity = "O(M log N), M being COUNT and N what the group has pending.",
     .summary = "Makes deliveries of a group that are long ago those of another consumer.",
     .syntax = "key group consumer min-idle-time start [COUNT count] [JUSTID]",
     .tips = kChanging},
};

}  // namespace

std::span<const CommandSpec> StreamClaimCommands() { return kCommands; }

}  // namespace corral::commands
