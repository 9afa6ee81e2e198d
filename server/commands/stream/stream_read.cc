#include "server/commands/stream/stream_read.h"

#include <string>

#include "server/commands/wait_deadline.h"

namespace corral::commands {
namespace {

using command::Context;

bool Refuse(Context& ctx, std::string_view error) {
  ctx.reply.Error(error);
  return false;
}

}  // namespace

bool StreamReadArguments::TakeStreams(Context& ctx, size_t i, bool of_group) {
  keys_at = i;
  streams = (ctx.size() - i) / 2;
  if ((ctx.size() - i) % 2 == 0) return true;
  return Refuse(ctx, "ERR Unbalanced '" + std::string(ctx.command.name) +
                         "' list of streams: for each stream key an ID or '" + (of_group ? ">" : "$") +
                         "' must be specified.");
}

bool StreamReadArguments::Read(Context& ctx, bool of_group) {
  for (size_t i = 1; i < ctx.size() && keys_at == 0; ++i) {
    const size_t more = ctx.size() - 1 - i;
    if (ctx.Is(i, "BLOCK") && more >= 1) {
      if (!ReadDeadline(ctx, ++i, &deadline_ms.emplace())) return false;
    } else if (ctx.Is(i, "COUNT") && more >= 1) {
      int64_t count = 0;
      if (!ctx.ReadInteger(++i, &count)) return false;
      most = count > 0 ? static_cast<uint64_t>(count) : UINT64_MAX;
    } else if (ctx.Is(i, "STREAMS") && more >= 1) {
      if (!TakeStreams(ctx, i + 1, of_group)) return false;
    } else if (ctx.Is(i, "GROUP") && more >= 2) {
      if (!of_group) {
        return Refuse(ctx, "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
      }
      group_at = i + 1;
      i += 2;
    } else if (ctx.Is(i, "NOACK")) {
      if (!of_group) {
        return Refuse(ctx, "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
      }
      no_ack = true;
    } else {
      return Refuse(ctx, protocol::wire::kSyntax);
    }
  }
  if (keys_at == 0) return Refuse(ctx, protocol::wire::kSyntax);
  if (of_group && group_at == 0) return Refuse(ctx, "ERR Missing GROUP option for XREADGROUP");
  return true;
}

}  // namespace corral::commands
