#include "server/commands/stream/stream_access.h"

namespace corral::commands {

void ReplyRange(protocol::ReplyWriter& reply, const storage::StreamObject& stream, storage::StreamId first,
                storage::StreamId last, storage::StreamDirection direction, uint64_t most) {
  size_t count = 0;
  for (storage::StreamRange range(stream, first, last, direction); count < most && range.Next();) ++count;
  reply.Array(count);
  storage::StreamRange range(stream, first, last, direction);
  for (; count > 0 && range.Next(); --count) ReplyEntry(reply, range);
}

void ReplyNoSuchKeyOrGroup(command::Context& ctx, std::string_view key, std::string_view group) {
  ctx.reply.Error("NOGROUP No such key '" + NameInError(key) + "' or consumer group '" + NameInError(group) +
                  "'");
}

void ReplyNoSuchGroup(command::Context& ctx, std::string_view group, std::string_view key) {
  ctx.reply.Error("NOGROUP No such consumer group '" + NameInError(group) + "' for key name '" +
                  NameInError(key) + "'");
}

}  // namespace corral::commands
