#include "server/commands/stale_time.h"

namespace corral::commands {

bool StaleTime::Take(const command::Context& ctx, size_t i) {
  const bool in_seconds = ctx.Is(i, "SWR");
  if ((!in_seconds && !ctx.Is(i, "PSWR")) || given() || i + 1 == ctx.size()) return false;
  seconds = in_seconds;
  argument = i + 1;
  return true;
}

bool StaleTime::Extend(command::Context& ctx, int64_t fresh_until_ms, int64_t* expire_at_ms) const {
  int64_t time = 0;
  if (!ctx.ReadInteger(argument, &time)) return false;
  if (time <= 0 || __builtin_mul_overflow(time, seconds ? 1000 : 1, &time) ||
      __builtin_add_overflow(time, fresh_until_ms, expire_at_ms)) {
    ctx.reply.Error(protocol::wire::InvalidExpire(ctx.command.name));
    return false;
  }
  return true;
}

}  // namespace corral::commands
