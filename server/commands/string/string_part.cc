// The string family, parts of values: ranges, lengths, appending, and what two strings have in common.
#include <algorithm>
#include <cstdint>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "server/commands/string/lcs.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using command::KeySpec;
using storage::Key;
using storage::Record;
namespace events = command::events;
namespace wire = protocol::wire;

// No string may become longer than proto-max-bulk-len.
bool ExpectRoom(Context& ctx, uint64_t size, uint64_t more) {
  if (size + more <= static_cast<uint64_t>(ctx.services.settings.proto_max_bulk_len_bytes)) return true;
  ctx.reply.Error(wire::kStringTooLong);
  return false;
}

// GETRANGE key start end
// SUBSTR key start end
void GetRange(Context& ctx) {
  int64_t start = 0, end = 0;
  if (!ctx.ReadInteger(2, &start) || !ctx.ReadInteger(3, &end)) return;
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (record == nullptr) return ctx.reply.Bulk(std::string_view());
  if (!ExpectString(ctx, record)) return;
  storage::IntegerText scratch;
  std::string_view text = record->String(scratch);
  const int64_t size = static_cast<int64_t>(text.size());
  // Negative positions count from the end; two of them in the wrong order stay so, however short the string
  // is.
  if (start < 0 && end < 0 && start > end) return ctx.reply.Bulk(std::string_view());
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end = std::max<int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end) return ctx.reply.Bulk(std::string_view());
  if (end - start + 1 == size) return ReplyString(ctx.reply, *record);
  ctx.reply.Bulk(text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1)));
}

// SETRANGE key offset value
void SetRange(Context& ctx) {
  int64_t offset = 0;
  if (!ctx.ReadInteger(2, &offset)) return;
  if (offset < 0) return ctx.reply.Error(wire::kOffset);
  Key key = ctx.Key(1);
  std::string_view value = ctx[3];
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  size_t size = record == nullptr ? 0 : record->string_size();
  if (value.empty()) return ctx.reply.Integer(static_cast<int64_t>(size));
  if (!ExpectRoom(ctx, static_cast<uint64_t>(offset), value.size())) return;
  size = std::max(size, static_cast<size_t>(offset) + value.size());
  char* bytes = ctx.db.ResizeString(key, size);
  std::copy(value.begin(), value.end(), bytes + offset);
  ctx.Changed(key, events::kSetRange);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

// STRLEN key
void StrLen(Context& ctx) {
  const Record* record = FindForRead(ctx, ctx.Key(1));
  if (!ExpectString(ctx, record)) return;
  ctx.reply.Integer(record == nullptr ? 0 : static_cast<int64_t>(record->string_size()));
}

// APPEND key value
void Append(Context& ctx) {
  Key key = ctx.Key(1);
  std::string_view value = ctx[2];
  const Record* record = FindForWrite(ctx, key);
  if (!ExpectString(ctx, record)) return;
  size_t size = value.size();
  if (record == nullptr) {
    ctx.db.PutString(key, value);
  } else {
    const size_t old_size = record->string_size();
    if (!ExpectRoom(ctx, old_size, value.size())) return;
    size += old_size;
    std::copy(value.begin(), value.end(), ctx.db.ResizeString(key, size) + old_size);
  }
  ctx.Changed(key, events::kAppend);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

struct LcsOptions {
  bool length_only = false;
  bool positions = false;
  bool with_match_length = false;
  int64_t least_match_length = 0;
};

bool ReadLcsOptions(Context& ctx, LcsOptions* options) {
  for (size_t i = 3; i < ctx.size(); ++i) {
    if (ctx.Is(i, "IDX")) {
      options->positions = true;
    } else if (ctx.Is(i, "LEN")) {
      options->length_only = true;
    } else if (ctx.Is(i, "WITHMATCHLEN")) {
      options->with_match_length = true;
    } else if (ctx.Is(i, "MINMATCHLEN") && i + 1 < ctx.size()) {
      if (!ctx.ReadInteger(++i, &options->least_match_length)) return false;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  if (options->positions && options->length_only) {
    ctx.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

void ReplyRuns(Context& ctx, const CommonSubsequence& common, const LcsOptions& options) {
  std::vector<CommonRun> runs = common.Runs();
  std::erase_if(runs, [&](const CommonRun& run) { return run.size() < options.least_match_length; });
  ctx.reply.Map(2);
  ctx.reply.Bulk("matches");
  ctx.reply.Array(runs.size());
  for (const CommonRun& run : runs) {
    ctx.reply.Array(options.with_match_length ? 3 : 2);
    ctx.reply.Array(2);
    ctx.reply.Integer(run.a_first);
    ctx.reply.Integer(run.a_last);
    ctx.reply.Array(2);
    ctx.reply.Integer(run.b_first);
    ctx.reply.Integer(run.b_last);
    if (options.with_match_length) ctx.reply.Integer(run.size());
  }
  ctx.reply.Bulk("len");
  ctx.reply.Integer(common.length());
}

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
void Lcs(Context& ctx) {
  const Record* first = FindForRead(ctx, ctx.Key(1));
  const Record* second = FindForRead(ctx, ctx.Key(2));
  for (const Record* record : {first, second}) {
    if (record != nullptr && record->type() != storage::ValueType::kString) {
      return ctx.reply.Error("ERR The specified keys must contain string values");
    }
  }
  LcsOptions options;
  if (!ReadLcsOptions(ctx, &options)) return;
  storage::IntegerText first_scratch, second_scratch;
  std::string_view a = TextOf(first, first_scratch);
  std::string_view b = TextOf(second, second_scratch);
  if (a.size() >= UINT32_MAX - 1 || b.size() >= UINT32_MAX - 1) {
    return ctx.reply.Error("ERR String too long for LCS");
  }
  if (CommonSubsequence::TableBytes(a.size(), b.size()) >
      static_cast<uint64_t>(ctx.services.settings.proto_max_bulk_len_bytes)) {
    return ctx.reply.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  CommonSubsequence common(a, b);
  if (!common.Compute()) {
    return ctx.reply.Error("ERR Insufficient memory, failed allocating transient memory for LCS");
  }
  if (options.positions) return ReplyRuns(ctx, common, options);
  if (options.length_only) return ctx.reply.Integer(common.length());
  ctx.reply.Bulk(common.Text());
}

using enum command::Flag;
using enum command::Category;
using enum command::KeyFlag;

constexpr KeySpec kPatchKey[] = {{.flags = kKeyRw | kKeyUpdate}};
constexpr KeySpec kAppendKey[] = {{.flags = kKeyRw | kKeyInsert}};
constexpr KeySpec kTwoKeys[] = {{.flags = kKeyRo | kKeyAccess, .last = 1}};

constexpr CommandSpec kCommands[] = {
    {.name = "getrange",
     .arity = 4,
     .flags = kReadonly,
     .categories = kCatString,
     .keys = command::kReadKey,
     .handler = GetRange,
     .group = "string",
     .since = "2.4.0",
     .complexity = "O(N), N being the length of the reply.",
     .summary = "Returns the bytes of a string between two positions.",
     .syntax = "key start end"},
    {.name = "substr",
     .arity = 4,
     .flags = kReadonly,
     .categories = kCatString,
     .keys = command::kReadKey,
     .handler = GetRange,
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(N), N being the length of the reply.",
     .summary = "The old name of GETRANGE.",
     .syntax = "key start end",
     .deprecated_since = "2.0.0",
     .replaced_by = "`GETRANGE`"},
    {.name = "setrange",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .keys = kPatchKey,
     .handler = SetRange,
     .group = "string",
     .since = "2.2.0",
     .complexity = "O(N), N being the length of the value, and of the gap when the string grows.",
     .summary = "Overwrites the bytes of a string from a position on; zero bytes fill a gap.",
     .syntax = "key offset value"},
    {.name = "strlen",
     .arity = 2,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .keys = command::kReadKeyNoAccess,
     .handler = StrLen,
     .group = "string",
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns the length of a string in bytes.",
     .syntax = "key"},
    {.name = "append",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .keys = kAppendKey,
     .handler = Append,
     .group = "string",
     .since = "2.0.0",
     .complexity = "O(N), N being the length of the value, averaged over many calls.",
     .summary = "Puts bytes behind the end of a string; an absent key counts as empty.",
     .syntax = "key value"},
    {.name = "lcs",
     .arity = -3,
     .flags = kReadonly,
     .categories = kCatString,
     .keys = kTwoKeys,
     .handler = Lcs,
     .group = "string",
     .since = "7.0.0",
     .complexity = "O(N*M), N and M being the lengths of the two strings.",
     .summary = "Finds the longest subsequence that two strings have in common.",
     .syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]"},
};

}  // namespace

std::span<const CommandSpec> SubstringCommands() { return kCommands; }

}  // namespace corral::commands
