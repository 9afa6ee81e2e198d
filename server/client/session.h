// What commands set of their connection for the commands behind them.
#pragma once

#include <cstdint>
#include <string>

namespace corral::client {

// CLIENT REPLY.
enum class ReplyMode : uint8_t { kOn, kOff, kSkip, kSkipNext };

// As a connection begins, but for the password that it may need, and as RESET leaves it.
struct Session {
  int database = 0;
  std::string name;  // CLIENT SETNAME
  std::string user = "default";
  bool authenticated = true;
  bool no_evict = false, no_touch = false;  // CLIENT NO-EVICT, CLIENT NO-TOUCH
  bool monitor = false;
  ReplyMode reply_mode = ReplyMode::kOn;
};

}  // namespace corral::client
