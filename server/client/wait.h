// How a blocked client gets on.
#pragma once

#include <cstdint>

#include "protocol/reply_writer.h"

namespace corral::client {

// What a blocked client waits for; owned by the client, gone when the wait ends.
class Wait {
 public:
  virtual ~Wait() = default;
  // The reply when the deadline passes, or for CLIENT UNBLOCK ... TIMEOUT.
  virtual void ReplyTimeout(protocol::ReplyWriter& reply) = 0;
  // Whether further input on the connection ends the wait as its deadline does.
  virtual bool EndsOnInput() const { return false; }
};

// How a wait that another connection ends is answered (CLIENT UNBLOCK).
enum class WaitEnd : uint8_t { kNone, kTimeout, kError };

}  // namespace corral::client
