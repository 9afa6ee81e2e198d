// Trimming by whole nodes removes a limited number of entries at once, by default as many as 100 nodes hold.
#include "server/commands/stream/stream_trim_argument.h"

#include "server/commands/stream/stream_id_argument.h"
#include "server/commands/stream/stream_references_argument.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::Context;

// Redis's, for trimming by whole nodes without a LIMIT.
constexpr uint64_t kNodesAtOnce = 100;
constexpr uint64_t kEntriesWithoutNodeLimit = 10'000;
constexpr uint64_t kMostAtOnce = 1'000'000;

uint64_t DefaultLimit(const Context& ctx) {
  const uint64_t node = ctx.services.settings.stream_node_max_entries;
  if (node == 0) return kEntriesWithoutNodeLimit;
  return node > kMostAtOnce / kNodesAtOnce ? kMostAtOnce : node * kNodesAtOnce;
}

}  // namespace

StreamTrimArgument::Taken StreamTrimArgument::Take(Context& ctx, size_t* i) {
  if (const auto references = ReferencesNamed(ctx, *i)) {
    if (references_given_) {
      ctx.ReplySyntaxError();
      return Taken::kMistake;
    }
    references_given_ = true;
    trim_.references = *references;
    return Taken::kYes;
  }
  const size_t more = ctx.size() - 1 - *i;
  if (more == 0) return Taken::kNo;
  if (ctx.Is(*i, "MAXLEN")) return TakeThreshold(ctx, i, true);
  if (ctx.Is(*i, "MINID")) return TakeThreshold(ctx, i, false);
  if (!ctx.Is(*i, "LIMIT")) return Taken::kNo;
  int64_t limit = 0;
  if (!ctx.ReadInteger(++*i, &limit)) return Taken::kMistake;
  if (limit < 0) {
    ctx.reply.Error("ERR The LIMIT argument must be >= 0.");
    return Taken::kMistake;
  }
  limit_ = limit;
  return Taken::kYes;
}

StreamTrimArgument::Taken StreamTrimArgument::TakeThreshold(Context& ctx, size_t* i, bool by_length) {
  if (threshold_given_) {
    ctx.reply.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return Taken::kMistake;
  }
  ++*i;
  const bool marked = ctx.size() - *i >= 2 && (ctx[*i] == "~" || ctx[*i] == "=");
  trim_.approximate = marked && ctx[*i] == "~";
  if (marked) ++*i;
  threshold_at_ = *i;
  if (by_length) {
    int64_t length = 0;
    if (!ctx.ReadInteger(*i, &length)) return Taken::kMistake;
    if (length < 0) {
      ctx.reply.Error("ERR The MAXLEN argument must be >= 0.");
      return Taken::kMistake;
    }
    trim_.max_length = static_cast<uint64_t>(length);
  } else if (!ReadStreamId(ctx, *i, 0, &trim_.min_id)) {
    return Taken::kMistake;
  }
  threshold_given_ = true;
  return Taken::kYes;
}

bool StreamTrimArgument::Finish(Context& ctx, bool required) {
  if (limit_.value_or(0) != 0 && !threshold_given_) {
    ctx.reply.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (required && !threshold_given_) {
    ctx.reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return false;
  }
  if (limit_ && !trim_.approximate) {
    ctx.reply.Error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  if (trim_.approximate) trim_.limit = limit_ ? static_cast<uint64_t>(*limit_) : DefaultLimit(ctx);
  return true;
}

std::vector<command::EffectArgument> StreamTrimArgument::EffectOf(const Context& ctx, size_t end,
                                                                  const storage::StreamObject& trimmed) {
  // As Redis, but where entries stay because a group needs them, the first id says nothing.
  const bool by_length = trim_.max_length || trim_.references == storage::StreamReferences::kAwait;
  std::vector<command::EffectArgument> effect;
  for (size_t i = 0; i < ctx.size(); ++i) {
    if (!trim_.approximate || i < 2 || i >= end) {  // the name, the key, or what follows
      effect.emplace_back(ctx[i]);
    } else if (ctx.Is(i, "LIMIT")) {
      ++i;  // goes with "~"
    } else if (i + 2 == threshold_at_ && by_length) {
      effect.insert(effect.end(), {"MAXLEN", "=", static_cast<int64_t>(trimmed.size())});
      i = threshold_at_;
    } else if (i + 2 == threshold_at_) {
      effect_id_ = TextOf(trimmed.size() == 0 ? storage::kMaxStreamId : trimmed.first_id());
      effect.insert(effect.end(), {"MINID", "=", effect_id_});
      i = threshold_at_;
    } else {
      effect.emplace_back(ctx[i]);
    }
  }
  return effect;
}

}  // namespace corral::commands
