// What the commands that name fields, and when those end, read in the same way.
#include <climits>

#include "server/commands/hash/hash_commands.h"

namespace corral::commands {

namespace wire = protocol::wire;

// The latest end that a field may have, a quarter of what Redis's format could hold.
constexpr int64_t kLatestEndMs = (int64_t{1} << 46) - 1;

bool ReadFields(command::Context& ctx, size_t at, std::string_view not_positive, Fields* fields) {
  if (at >= ctx.size() || !ctx.Is(at, "FIELDS")) {
    ctx.reply.Error("ERR Mandatory argument FIELDS is missing or not at the right position");
    return false;
  }
  if (at + 1 == ctx.size()) {
    ctx.reply.Error(wire::WrongArity(ctx.command.name));
    return false;
  }
  int64_t count = 0;
  if (!ctx.ReadIntegerInRange(at + 1, 1, LONG_MAX, &count, not_positive)) return false;
  *fields = ctx.arguments().subspan(at + 2);
  if (static_cast<uint64_t>(count) == fields->size()) return true;
  ctx.reply.Error("ERR The `numfields` parameter must match the number of arguments");
  return false;
}

bool ReadFieldEnd(command::Context& ctx, size_t at, bool in_seconds, bool from_now, int64_t* unix_ms) {
  if (!ctx.ReadInteger(at, unix_ms)) return false;
  if (*unix_ms < 0) {
    ctx.reply.Error("ERR invalid expire time, must be >= 0");
    return false;
  }
  if (!__builtin_mul_overflow(*unix_ms, in_seconds ? 1000 : 1, unix_ms) &&
      !__builtin_add_overflow(*unix_ms, from_now ? ctx.now_ms() : 0, unix_ms) && *unix_ms <= kLatestEndMs) {
    return true;
  }
  ctx.reply.Error(wire::InvalidExpire(ctx.command.name));
  return false;
}

}  // namespace corral::commands
