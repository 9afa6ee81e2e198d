// SCAN: the keys of a database in small steps.
#include <optional>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/commands/scan_arguments.h"
#include "storage/base/ascii.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
using storage::Record;

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
void Scan(Context& ctx) {
  uint64_t cursor = 0;
  ScanArguments arguments;
  if (!ReadCursor(ctx, 1, &cursor) || !arguments.Read(ctx, 2, ScanOption::kType)) return;
  std::vector<std::string> names;  // copies: the shards are unlocked before the reply
  cursor = ctx.db.Scan(cursor, arguments.count, [&](const Record& record) {
    if (arguments.type && !storage::EqualInAnyCase(*arguments.type, storage::NameOf(record.type()))) return;
    if (arguments.Match(record.key())) names.emplace_back(record.key());
  });
  ReplyScan(ctx, cursor, names);
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
