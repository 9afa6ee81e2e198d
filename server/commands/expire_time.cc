#include "server/commands/expire_time.h"

namespace corral::commands {

ExpireTime::Form ExpireTime::FormAt(const command::Context& ctx, size_t i) {
  if (ctx.Is(i, "EX")) return Form::kSeconds;
  if (ctx.Is(i, "PX")) return Form::kMilliseconds;
  if (ctx.Is(i, "EXAT")) return Form::kUnixSeconds;
  return ctx.Is(i, "PXAT") ? Form::kUnixMilliseconds : Form::kNone;
}

bool ExpireTime::Take(const command::Context& ctx, size_t i) {
  const Form taken = FormAt(ctx, i);
  if (taken == Form::kNone || (given() && form != taken) || i + 1 == ctx.size()) return false;
  form = taken;
  argument = i + 1;
  return true;
}

bool ExpireTime::Read(command::Context& ctx, int64_t* expire_at_ms) const {
  int64_t time = 0;
  if (!ctx.ReadInteger(argument, &time)) return false;
  if (time <= 0 || __builtin_mul_overflow(time, in_seconds() ? 1000 : 1, &time) ||
      __builtin_add_overflow(time, from_now() ? ctx.now_ms() : 0, &time)) {
    ctx.reply.Error(protocol::wire::InvalidExpire(ctx.command.name));
    return false;
  }
  *expire_at_ms = time;
  return true;
}

}  // namespace corral::commands
