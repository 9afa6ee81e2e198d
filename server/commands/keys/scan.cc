#include "server/commands/keys/scan.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/lookup.h"
#include "storage/base/ascii.h"
#include "storage/base/glob.h"

namespace corral::commands {

using command::CommandSpec;
using command::Context;
using storage::Record;

bool ParseCursor(std::string_view text, uint64_t* cursor) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) {
    *cursor = 0;
    return true;
  }
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *cursor = negative ? -number : number;
  return true;
}

namespace {

struct ScanOptions {
  int64_t count = 10;
  std::string_view pattern = "*";
  std::optional<size_t> type;  // the argument that names it

  bool Match(const Context& ctx, const Record& record) const;
};

bool ScanOptions::Match(const Context& ctx, const Record& record) const {
  if (type.has_value() && !storage::EqualInAnyCase(ctx[*type], storage::NameOf(record.type()))) return false;
  return pattern == "*" || storage::GlobMatch(pattern, record.key());
}

bool ReadOptions(Context& ctx, ScanOptions* options) {
  for (size_t i = 2; i < ctx.size(); i += 2) {
    const bool has_value = i + 1 < ctx.size();
    if (has_value && ctx.Is(i, "COUNT")) {
      if (!ctx.ReadInteger(i + 1, &options->count)) return false;
      if (options->count < 1) {
        ctx.ReplySyntaxError();
        return false;
      }
    } else if (has_value && ctx.Is(i, "MATCH")) {
      options->pattern = ctx[i + 1];
    } else if (has_value && ctx.Is(i, "TYPE")) {
      options->type = i + 1;
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
void Scan(Context& ctx) {
  uint64_t cursor = 0;
  if (!ParseCursor(ctx[1], &cursor)) return ctx.reply.Error("ERR invalid cursor");
  ScanOptions options;
  if (!ReadOptions(ctx, &options)) return;
  std::vector<std::string> names;  // copies: the shards are unlocked before the reply
  cursor = ctx.db.Scan(cursor, static_cast<size_t>(options.count), [&](const Record& record) {
    if (options.Match(ctx, record)) names.emplace_back(record.key());
  });
  ctx.reply.Array(2);
  ctx.reply.Bulk(std::string_view(std::to_string(cursor)));
  ctx.reply.Array(names.size());
  for (const std::string& name : names) ctx.reply.Bulk(std::string_view(name));
}

using enum command::Flag;
using enum command::Category;

constexpr std::string_view kTips[] = {"nondeterministic_output", "request_policy:special"};

constexpr CommandSpec kCommands[] = {
    {.name = "scan",
     .arity = -2,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .handler = Scan,
     .group = "generic",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for a whole scan, N being the number of keys.",
     .summary = "Goes through the keys of the database in small steps.",
     .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
     .tips = kTips},
};

}  // namespace

std::span<const CommandSpec> ScanCommands() { return kCommands; }

}  // namespace corral::commands
