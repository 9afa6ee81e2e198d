// A message to a connection that is no reply to one of its commands.
#pragma once

#include <string_view>

#include "server/client/output_buffer.h"
#include "storage/base/shared_bytes.h"

namespace corral::client {

// Bytes in the protocol of the client that gets them: `head`, then `tail`, which is shared by all clients
// that get it.
struct PushedMessage {
  std::string_view head;
  const storage::SharedBytes* tail = nullptr;
  const storage::SharedBytes* common_head = nullptr;  // holds `head` as well, if many clients get it
};

inline void Append(const PushedMessage& message, OutputBuffer* output) {
  if (message.common_head != nullptr) {
    output->AppendCommon(*message.common_head);
  } else {
    output->Append(message.head);
  }
  if (message.tail != nullptr) output->AppendCommon(*message.tail);
}

}  // namespace corral::client
