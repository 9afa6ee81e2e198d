#include "server/commands/wait_deadline.h"

#include "server/net/event_loop.h"

namespace corral::commands {

bool ReadDeadline(command::Context& ctx, size_t i, int64_t* deadline_ms) {
  int64_t timeout_ms = 0;
  if (!ctx.ReadInteger(i, &timeout_ms, "ERR timeout is not an integer or out of range")) return false;
  if (timeout_ms < 0) {
    ctx.reply.Error("ERR timeout is negative");
    return false;
  }
  const int64_t now_ms = net::EventLoop::MonotonicMs();
  if (timeout_ms > INT64_MAX - now_ms) {
    ctx.reply.Error("ERR timeout is out of range");
    return false;
  }
  *deadline_ms = timeout_ms == 0 ? 0 : now_ms + timeout_ms;
  return true;
}

}  // namespace corral::commands
