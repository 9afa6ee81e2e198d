// Single flight: one caller of a missing key fetches it, the others wait for the value.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "server/commands/expire_time.h"
#include "server/commands/families.h"
#include "server/commands/lease/lease_list.h"
#include "server/commands/lookup.h"
#include "server/commands/stale_time.h"
#include "server/commands/stored_string.h"
#include "server/config/settings.h"
#include "server/lease/caller.h"
#include "server/lease/leases.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using lease::IsStale;
using lease::Status;
using lease::Token;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

constexpr std::string_view kInvalidToken = "ERR invalid lease token";
constexpr size_t kLongestText = 1024;

// The options of GETLEASE and MGETLEASE, by the position of their argument or of the word itself; 0: not
// given.
struct LeaseOptions {
  size_t lease = 0, wait = 0, no_wait = 0, early = 0, beta = 0, fresh = 0;
  int64_t lease_ms = 0, wait_ms = 0, early_ms = 0;
  double beta_factor = 0;

  bool may_be_early() const { return early_ms > 0 || beta_factor > 0; }
};

enum class MayWait : uint8_t { kYes, kNo };

// Takes the option at *i, and its argument. False: there is no such option, or it was given before.
bool TakeOption(const Context& ctx, MayWait may_wait, size_t* i, LeaseOptions* options) {
  const auto take_word = [&](size_t* field) { return std::exchange(*field, *i) == 0; };
  const auto take_argument = [&](size_t* field) {
    return *i + 1 < ctx.size() && std::exchange(*field, ++*i) == 0;
  };
  if (ctx.Is(*i, "LEASE")) return take_argument(&options->lease);
  if (ctx.Is(*i, "EARLY")) return take_argument(&options->early);
  if (ctx.Is(*i, "BETA")) return take_argument(&options->beta);
  if (may_wait == MayWait::kNo) return false;
  if (ctx.Is(*i, "WAIT")) return options->no_wait == 0 && take_argument(&options->wait);
  if (ctx.Is(*i, "NOWAIT")) return options->wait == 0 && take_word(&options->no_wait);
  return ctx.Is(*i, "FRESH") && take_word(&options->fresh);
}

// An integer in ms from `low` on; `error` answers a smaller one.
bool ReadMs(Context& ctx, size_t argument, int64_t low, std::string_view error, int64_t* ms) {
  if (!ctx.ReadInteger(argument, ms)) return false;
  if (*ms >= low) return true;
  ctx.reply.Error(error);
  return false;
}

bool ReadBeta(Context& ctx, size_t argument, double* beta) {
  if (!storage::ParseDouble(ctx[argument], beta) || !std::isfinite(*beta)) {
    ctx.reply.Error(wire::kNotFloat);
    return false;
  }
  if (*beta >= 0) return true;
  ctx.reply.Error("ERR BETA must not be negative");
  return false;
}

// The options from position `first` on. False after an error reply.
bool ReadOptions(Context& ctx, size_t first, MayWait may_wait, LeaseOptions* options) {
  const config::Settings& settings = ctx.services.settings;
  options->lease_ms = settings.lease_ms;
  options->wait_ms = settings.lease_wait_ms;
  if (first == ctx.size()) {
    options->lease_ms = std::min(options->lease_ms, settings.lease_max_ms);
    return true;
  }
  for (size_t i = first; i < ctx.size(); ++i) {
    if (TakeOption(ctx, may_wait, &i, options)) continue;
    ctx.ReplySyntaxError();
    return false;
  }
  if (options->lease != 0 &&
      !ReadMs(ctx, options->lease, 1, "ERR LEASE must be positive", &options->lease_ms)) {
    return false;
  }
  if (options->wait != 0 &&
      !ReadMs(ctx, options->wait, 1, "ERR WAIT must be positive, use NOWAIT", &options->wait_ms)) {
    return false;
  }
  if (options->early != 0 &&
      !ReadMs(ctx, options->early, 0, "ERR EARLY must not be negative", &options->early_ms)) {
    return false;
  }
  if (options->beta != 0 && !ReadBeta(ctx, options->beta, &options->beta_factor)) return false;
  options->lease_ms = std::min(options->lease_ms, settings.lease_max_ms);
  return true;
}

lease::Leader& LeaderOf(Context& ctx) {
  client::Client& client = ctx.client;
  if (!client.leader) client.leader = ctx.services.leases.NewLeader(client.id);
  return static_cast<lease::Leader&>(*client.leader);
}

// Whether a fresh value is due for its refresh: because little of its time is left, or by chance. The chance
// rises with the cost of making the value (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic
// Cache Stampede Prevention").
bool IsDue(Context& ctx, const Key& key, const Record& record, const LeaseOptions& options) {
  if (!options.may_be_early()) return false;
  // EXPIRE may have put the expiry before the end of the fresh time.
  int64_t fresh_until_ms = record.fresh_until_ms();
  const int64_t expire_at_ms = record.expire_at_ms();
  if (fresh_until_ms == storage::kAlwaysFresh) fresh_until_ms = INT64_MAX;
  if (expire_at_ms != storage::kNoExpiry) fresh_until_ms = std::min(fresh_until_ms, expire_at_ms);
  if (fresh_until_ms == INT64_MAX) return false;
  const int64_t left_ms = fresh_until_ms - ctx.now_ms();
  if (left_ms < options.early_ms) return true;
  if (options.beta_factor == 0 || record.cost_us() == 0) return false;
  const double cost_ms = static_cast<double>(record.cost_us()) / 1000;
  return -cost_ms * options.beta_factor * std::log(ctx.services.leases.Draw(key)) >=
         static_cast<double>(left_ms);
}

void ReplyStale(Context& ctx, const Key& key, const Record& record, Token token) {
  ctx.services.leases.CountStale(key);
  lease::WriteAnswer(ctx.reply, Status::kStale, record, token, lease::LeftToLive(record, ctx.now_ms()));
}

// Waits for the leader, or answers BUSY.
void WaitForLeader(Context& ctx, const Key& key, const LeaseOptions& options, int64_t retry_ms) {
  lease::Leases& leases = ctx.services.leases;
  client::Client& client = ctx.client;
  if (options.no_wait == 0 && ctx.may_wait) {
    std::unique_ptr<lease::Caller::Read> read;
    if (client.tracking && client.tracking->remembers_reads()) [[unlikely]] {
      read = std::make_unique<lease::Caller::Read>(ctx.db.index(), std::string(key.name));
    }
    auto caller =
        std::make_unique<lease::Caller>(leases, client, LeaderOf(ctx), options.lease_ms, std::move(read));
    if (leases.Join(ctx.db.index(), key, *caller)) {
      int64_t deadline_ms;
      if (__builtin_add_overflow(leases.now_ms(), options.wait_ms, &deadline_ms)) deadline_ms = INT64_MAX;
      return client.Block(std::move(caller), deadline_ms);
    }
  }
  lease::WriteAnswer(ctx.reply, Status::kBusy, {}, retry_ms);
}

// No value, or one that is to be refreshed.
void AskForLease(Context& ctx, const Key& key, const Record* record, const LeaseOptions& options) {
  // With CLIENT REPLY OFF the client would never see the token, so it gets no lease.
  if (ctx.client.session.reply_mode != client::ReplyMode::kOn)
    return lease::WriteAnswer(ctx.reply, Status::kBusy, {}, 0);
  lease::Leases& leases = ctx.services.leases;
  const bool watched = ctx.client.tracking && ctx.client.tracking->on;
  const lease::AskResult asked = leases.Ask(ctx.db, key, LeaderOf(ctx), options.lease_ms, watched);
  const bool granted = asked.kind == lease::AskResult::Kind::kGranted;
  const bool held = asked.kind == lease::AskResult::Kind::kHeld;
  if (record != nullptr && !IsStale(*record, ctx.now_ms())) {
    if (granted) leases.CountEarly(key);
    return lease::WriteAnswer(ctx.reply, Status::kHit, *record, asked.token,
                              lease::LeftToLive(*record, ctx.now_ms()));
  }
  if (record != nullptr && !(held && options.fresh != 0)) return ReplyStale(ctx, key, *record, asked.token);
  if (granted) return lease::WriteAnswer(ctx.reply, Status::kLease, asked.token, asked.ms);
  if (held) return WaitForLeader(ctx, key, options, asked.ms);
  if (asked.kind == lease::AskResult::Kind::kFull) {
    return lease::WriteAnswer(ctx.reply, Status::kBusy, {}, asked.ms);
  }
  lease::Outcome failed;
  failed.status = Status::kFail;
  failed.text = asked.text;
  failed.ms = asked.ms;
  lease::WriteAnswer(ctx.reply, failed, {});
}

void AnswerKey(Context& ctx, const Key& key, const LeaseOptions& options) {
  const Record* record = FindForRead(ctx, key);
  if (!ExpectString(ctx, record)) return;
  if (record != nullptr && !IsStale(*record, ctx.now_ms()) && !IsDue(ctx, key, *record, options)) [[likely]] {
    return lease::WriteAnswer(ctx.reply, Status::kHit, *record, {}, lease::LeftToLive(*record, ctx.now_ms()));
  }
  AskForLease(ctx, key, record, options);
}

// GETLEASE key [LEASE milliseconds] [WAIT milliseconds | NOWAIT] [EARLY milliseconds] [BETA factor] [FRESH]
void GetLease(Context& ctx) {
  LeaseOptions options;
  if (ReadOptions(ctx, 2, MayWait::kYes, &options)) AnswerKey(ctx, ctx.Key(1), options);
}

// MGETLEASE numkeys key [key ...] [LEASE milliseconds] [EARLY milliseconds] [BETA factor]
void MGetLease(Context& ctx) {
  int64_t count = 0;
  if (!ctx.ReadInteger(1, &count)) return;
  if (count <= 0) return ctx.reply.Error("ERR numkeys should be greater than 0");
  if (count > static_cast<int64_t>(ctx.size()) - 2) {
    return ctx.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const size_t behind = 2 + static_cast<size_t>(count);
  LeaseOptions options;
  if (!ReadOptions(ctx, behind, MayWait::kNo, &options)) return;
  options.no_wait = 1;
  ctx.reply.Array(static_cast<size_t>(count));
  for (size_t i = 2; i < behind; ++i) AnswerKey(ctx, ctx.Key(i), options);
}

// The token at position 2. False after an error reply.
bool ReadToken(Context& ctx, Token* token) {
  if (Token::Parse(ctx[2], token)) return true;
  ctx.reply.Error(kInvalidToken);
  return false;
}

struct FillOptions {
  ExpireTime time;
  StaleTime stale;
  size_t jitter = 0;  // position of the number
};

bool ReadFillOptions(Context& ctx, FillOptions* options) {
  for (size_t i = 4; i < ctx.size(); ++i) {
    const bool taken =
        (!options->time.given() && options->time.Take(ctx, i)) || options->stale.Take(ctx, i) ||
        (ctx.Is(i, "JITTER") && i + 1 < ctx.size() && std::exchange(options->jitter, i + 1) == 0);
    if (!taken) {
      ctx.ReplySyntaxError();
      return false;
    }
    ++i;
  }
  if (options->time.given() || (!options->stale.given() && options->jitter == 0)) return true;
  ctx.ReplySyntaxError();
  return false;
}

// The lifetime that the options stand for. False after an error reply.
bool ReadFillTime(Context& ctx, const FillOptions& options, storage::PutOptions* put) {
  if (!options.time.given()) return true;
  int64_t fresh_until_ms = 0;
  if (!options.time.Read(ctx, &fresh_until_ms)) return false;
  if (options.jitter != 0) {
    int64_t percent = 0;
    if (!ctx.ReadInteger(options.jitter, &percent)) return false;
    if (percent < 0 || percent > 100) {
      ctx.reply.Error("ERR JITTER must be between 0 and 100");
      return false;
    }
    const double swing = (2 * ctx.services.leases.Draw(ctx.Key(1)) - 1) * static_cast<double>(percent) / 100;
    const auto left_ms = static_cast<double>(fresh_until_ms - ctx.now_ms());
    const double change_ms = std::clamp(left_ms * swing, -0x1p62, 0x1p62);
    if (__builtin_add_overflow(fresh_until_ms, static_cast<int64_t>(change_ms), &fresh_until_ms)) {
      fresh_until_ms = INT64_MAX;
    }
    if (left_ms > 0) fresh_until_ms = std::max(fresh_until_ms, ctx.now_ms() + 1);
  }
  put->expire_at_ms = fresh_until_ms;
  if (!options.stale.given()) return true;
  put->fresh_until_ms = fresh_until_ms;
  return options.stale.Extend(ctx, fresh_until_ms, &put->expire_at_ms);
}

// SETLEASE key token value [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT
// unix-time-milliseconds]
//   [SWR seconds | PSWR milliseconds] [JITTER percent]
void SetLease(Context& ctx) {
  FillOptions options;
  storage::PutOptions put;
  Token token;
  if (!ReadFillOptions(ctx, &options) || !ReadToken(ctx, &token) || !ReadFillTime(ctx, options, &put)) return;
  lease::Leases& leases = ctx.services.leases;
  Key key = ctx.Key(1);
  uint32_t cost_us = 0;
  if (!leases.MayFill(ctx.db.index(), key, token, &cost_us)) return ctx.reply.Integer(0);
  // A value that never becomes stale is never refreshed early, so its cost is not needed.
  if (options.time.given()) put.cost_us = cost_us;
  if (storage::SharedBytes buffer = ctx.client.reader.BufferOf(ctx[3])) [[unlikely]] {
    ctx.db.PutString(key, std::move(buffer), put);
  } else {
    ctx.db.PutString(key, ctx[3], put);
  }
  ctx.Changed(key, events::kSet);
  if (options.time.given()) ctx.Changed(key, events::kExpireOfSet);
  PropagateAsSet(ctx, key, 3, put);  // the token is of this process alone
  ctx.reply.Integer(1);
}

// DELLEASE key token [PX milliseconds [text]]
void DelLease(Context& ctx) {
  Token token;
  if (ctx.size() > 3 && (!ctx.Is(3, "PX") || ctx.size() == 4 || ctx.size() > 6))
    return ctx.ReplySyntaxError();
  if (!ReadToken(ctx, &token)) return;
  lease::Leases& leases = ctx.services.leases;
  Key key = ctx.Key(1);
  if (ctx.size() == 3) return ctx.reply.Integer(leases.Abort(ctx.db, key, token));
  int64_t backoff_ms = 0;
  if (!ReadMs(ctx, 4, 1, "ERR PX must be positive", &backoff_ms)) return;
  backoff_ms = std::min(backoff_ms, ctx.services.settings.lease_max_ms);
  std::string_view text = ctx.size() == 6 ? ctx[5] : std::string_view();
  if (text.size() > kLongestText)
    return ctx.reply.Error("ERR the text of a back-off is limited to 1024 bytes");
  ctx.reply.Integer(leases.Abort(ctx.db, key, token, backoff_ms, text));
}

// TOUCHLEASE key token milliseconds
void TouchLease(Context& ctx) {
  Token token;
  int64_t lease_ms = 0;
  if (!ReadToken(ctx, &token) || !ReadMs(ctx, 3, 1, "ERR the lease must be positive", &lease_ms)) return;
  lease_ms = std::min(lease_ms, ctx.services.settings.lease_max_ms);
  ctx.reply.Integer(ctx.services.leases.Extend(ctx.db.index(), ctx.Key(1), token, lease_ms));
}

// SOFTDEL key [key ...]
void SoftDel(Context& ctx) {
  for (size_t i = 1; i < ctx.size(); ++i) {
    if (!ExpectString(ctx, ctx.db.Peek(ctx.Key(i)))) return;
  }
  int64_t existed = 0;
  for (size_t i = 1; i < ctx.size(); ++i) {
    Key key = ctx.Key(i);
    const bool present = ctx.db.Peek(key) != nullptr;
    if (present) ctx.db.MakeStale(key);
    ctx.services.leases.Invalidate(ctx.db, key);
    if (!present) continue;
    ctx.Changed(key, events::kSoftDel);
    ++existed;
  }
  ctx.reply.Integer(existed);
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kFillKey[] = {{.flags = kKeyOw | kKeyUpdate}};
constexpr KeySpec kStaleKeys[] = {{.flags = kKeyRw | kKeyUpdate, .last = -1}};
constexpr KeySpec kCountedKeys[] = {
    {.flags = kKeyRo | kKeyAccess, .find = KeySpec::Find::kKeynum, .keynum_index = 0, .first_key = 1}};
constexpr KeySpec kInfoKey[] = {{.flags = kKeyRo, .begin_index = 2}};

constexpr CommandSpec kLeaseSubcommands[] = {
    {.name = "list",
     .arity = -2,
     .flags = kReadonly | kExclusive,
     .handler = ListLeases,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(N log N), N being the number of leases.",
     .summary = "Describes the leases of the database.",
     .syntax = "[MATCH pattern] [COUNT count]"},
    {.name = "info",
     .arity = 3,
     .flags = kReadonly,
     .keys = kInfoKey,
     .handler = DescribeLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Describes the lease of a key.",
     .syntax = "key"},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale,
     .handler = ReplyLeaseHelp,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns helpful text about the different subcommands.",
     .syntax = ""},
};

constexpr CommandSpec kCommands[] = {
    {.name = "getlease",
     .arity = -2,
     .flags = kReadonly | kBlocking | kFast,
     .categories = kCatString,
     .keys = command::kReadKey,
     .handler = GetLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns a string, or the right to fetch it, or waits for whoever has that right.",
     .syntax =
         "key [LEASE milliseconds] [WAIT milliseconds | NOWAIT] [EARLY milliseconds] [BETA factor] [FRESH]"},
    {.name = "mgetlease",
     .arity = -3,
     .flags = kReadonly | kFast | kMovableKeys,
     .categories = kCatString,
     .keys = kCountedKeys,
     .handler = MGetLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Returns several strings, or the right to fetch them, without waiting.",
     .syntax = "numkeys key [key ...] [LEASE milliseconds] [EARLY milliseconds] [BETA factor]"},
    {.name = "setlease",
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kFillKey,
     .handler = SetLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1), and O(N) for N waiters.",
     .summary = "Stores a fetched string, if its lease still stands, and wakes all who wait for it.",
     .syntax =
         "key token value [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds] [SWR seconds | PSWR milliseconds] [JITTER percent]"},
    {.name = "dellease",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = kFillKey,
     .handler = DelLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1), and O(N) for N waiters with a back-off.",
     .summary = "Gives a lease back: to the next who waits, or to nobody for a while.",
     .syntax = "key token [PX milliseconds [text]]"},
    {.name = "touchlease",
     .arity = 4,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .keys = kFillKey,
     .handler = TouchLease,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Lets a lease last for a number of milliseconds from now.",
     .syntax = "key token milliseconds"},
    {.name = "softdel",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .keys = kStaleKeys,
     .handler = SoftDel,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "O(N), N being the number of keys.",
     .summary = "Makes strings stale: they are served while one caller refreshes them.",
     .syntax = "key [key ...]"},
    {.name = "lease",
     .arity = -2,
     .group = "lease",
     .since = "1.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "A container for commands that look at leases.",
     .syntax = "",
     .subcommands = kLeaseSubcommands},
};

}  // namespace

std::span<const CommandSpec> LeaseCommands() { return kCommands; }

}  // namespace corral::commands
