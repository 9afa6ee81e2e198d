// What XREAD and XREADGROUP share: their arguments, and the shape of their replies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/command/context.h"

namespace corral::commands {

// [GROUP group consumer] [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
// What the ids mean is the command's own to know.
struct StreamReadArguments {
  // A mistake is answered, and false returned. `of_group`: GROUP is required and NOACK accepted; otherwise
  // neither is.
  bool Read(command::Context& ctx, bool of_group);

  size_t KeyAt(size_t stream) const { return keys_at + stream; }  // positions of arguments
  size_t IdAt(size_t stream) const { return keys_at + streams + stream; }

  uint64_t most = UINT64_MAX;          // entries of each stream
  std::optional<int64_t> deadline_ms;  // monotonic; 0: for ever; none: without BLOCK
  size_t group_at = 0;                 // 0: not given; the consumer's name is behind it
  bool no_ack = false;
  size_t keys_at = 0;
  size_t streams = 0;

 private:
  bool TakeStreams(command::Context& ctx, size_t i, bool of_group);
};

// `streams` times ReplyStreamName and what was read there. A map in RESP3, an array of pairs in RESP2.
inline void ReplyStreams(protocol::ReplyWriter& reply, size_t streams) {
  if (reply.version() == protocol::Version::kResp3) return reply.Map(streams);
  reply.Array(streams);
}
inline void ReplyStreamName(protocol::ReplyWriter& reply, std::string_view name) {
  if (reply.version() != protocol::Version::kResp3) reply.Array(2);
  reply.Bulk(name);
}

}  // namespace corral::commands
