// A stored string as a reply.
#pragma once

#include <string_view>

#include "protocol/reply_writer.h"
#include "storage/record.h"

namespace corral::command {

// The string as a bulk reply; a large one goes out by reference.
inline void ReplyString(protocol::ReplyWriter& reply, const storage::Record& record) {
  storage::IntegerText scratch;
  std::string_view text = record.String(scratch);
  if (text.size() < storage::kLargeValue) {
    reply.Bulk(text);
  } else {
    reply.Bulk(record.Large());
  }
}

}  // namespace corral::command
