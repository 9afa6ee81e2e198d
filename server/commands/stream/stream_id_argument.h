// The id of a stream's entry as an argument and as a reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/command/context.h"
#include "storage/types/stream/stream_id.h"

namespace corral::commands {

inline constexpr std::string_view kBadStreamId = "ERR Invalid stream ID specified as stream command argument";

// All answer a mistake and return false then. An id is "ms-seq", or "ms" alone: `missing_seq` stands in then.
// The numbers are read as C's strtoull does, which Redis uses.
bool ReadStreamId(command::Context& ctx, size_t i, uint64_t missing_seq, storage::StreamId* id);
// Whether a text is such an id; nothing is answered.
bool IsStreamId(std::string_view text, storage::StreamId* id);
// The same as ReadStreamId, or "-" for the least and "+" for the greatest.
bool ReadStreamIdOrEnd(command::Context& ctx, size_t i, uint64_t missing_seq, storage::StreamId* id);

// What XADD is to name its entry.
struct NewStreamId {
  enum class Form : uint8_t { kNext, kNextWithin, kFixed };  // "*", "ms-*", an id

  Form form = Form::kNext;
  storage::StreamId id;  // kNextWithin: its ms
};
bool ReadNewStreamId(command::Context& ctx, size_t i, NewStreamId* id);

// The ends of a range: an id, "-" for the least, "+" for the greatest, "(id" for one that is not in the range
// itself.
bool ReadRangeStart(command::Context& ctx, size_t i, storage::StreamId* id);
bool ReadRangeEnd(command::Context& ctx, size_t i, storage::StreamId* id);

std::string TextOf(storage::StreamId id);
inline void ReplyStreamId(protocol::ReplyWriter& reply, storage::StreamId id) { reply.Bulk(TextOf(id)); }

}  // namespace corral::commands
