#include "server/commands/expire_time.h"

namespace corral::commands {

bool ExpireTime::Take(const command::Context& ctx, size_t i) {
  Form taken = ctx.Is(i, "EX")     ? Form::kSeconds
               : ctx.Is(i, "PX")   ? Form::kMilliseconds
               : ctx.Is(i, "EXAT") ? Form::kUnixSeconds
               : ctx.Is(i, "PXAT") ? Form::kUnixMilliseconds
                                   : Form::kNone;
  if (taken == Form::kNone || (given() && form != taken) || i + 1 == ctx.size()) return false;
  form = taken;
  argument = i + 1;
  return true;
}

bool ExpireTime::Read(command::Context& ctx, int64_t* expire_at_ms) const {
  int64_t time = 0;
  if (!ctx.ReadInteger(argument, &time)) return false;
  bool seconds = form == Form::kSeconds || form == Form::kUnixSeconds;
  bool relative = form == Form::kSeconds || form == Form::kMilliseconds;
  if (time <= 0 || __builtin_mul_overflow(time, seconds ? 1000 : 1, &time) ||
      __builtin_add_overflow(time, relative ? ctx.now_ms() : 0, &time)) {
    ctx.reply.Error(protocol::wire::InvalidExpire(ctx.command.name));
    return false;
  }
  *expire_at_ms = time;
  return true;
}

}  // namespace corral::commands
