#include "server/commands/scan_arguments.h"

#include <charconv>

#include "storage/base/glob.h"

namespace corral::commands {

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

bool ReadCursor(command::Context& ctx, size_t i, uint64_t* cursor) {
  if (ParseCursor(ctx[i], cursor)) return true;
  ctx.reply.Error("ERR invalid cursor");
  return false;
}

bool ScanArguments::Read(command::Context& ctx, size_t first, ScanOption extra) {
  for (size_t i = first; i < ctx.size(); i += 2) {
    const bool has_value = i + 1 < ctx.size();
    if (has_value && ctx.Is(i, "COUNT")) {
      int64_t number = 0;
      if (!ctx.ReadInteger(i + 1, &number)) return false;
      if (number < 1) {
        ctx.ReplySyntaxError();
        return false;
      }
      count = static_cast<uint64_t>(number);
    } else if (has_value && ctx.Is(i, "MATCH")) {
      pattern = ctx[i + 1];
    } else if (has_value && extra == ScanOption::kType && ctx.Is(i, "TYPE")) {
      type = ctx[i + 1];
    } else if (extra == ScanOption::kNoValues && ctx.Is(i, "NOVALUES")) {
      no_values = true;
      --i;  // it has no value of its own
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

bool ScanArguments::Match(std::string_view name) const {
  return pattern == "*" || storage::GlobMatch(pattern, name);
}

void ReplyScan(command::Context& ctx, uint64_t cursor, std::span<const std::string> found) {
  ctx.reply.Array(2);
  ctx.reply.Bulk(std::string_view(std::to_string(cursor)));
  ctx.reply.Array(found.size());
  for (const std::string& text : found) ctx.reply.Bulk(std::string_view(text));
}

}  // namespace corral::commands
