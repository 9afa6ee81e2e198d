// MULTI: the commands that a connection has queued, and what is known of the keys that it watches.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/attachment.h"

namespace corral::command {
struct Command;
}

namespace corral::client {

// Commands to be run later, with their arguments: in one buffer, because most of them are short.
class CommandQueue {
 public:
  struct Queued {
    const command::Command* command;
    std::span<const std::string_view> arguments;  // the command's name is the first one
  };

  void Add(const command::Command& command, std::span<const std::string_view> arguments);
  size_t size() const { return commands_.size(); }
  // The flags (command::Flag) of all its commands together.
  uint32_t flags() const { return flags_; }
  // What its arguments take, and what all of it does.
  size_t argument_bytes() const { return bytes_.size(); }
  size_t allocated_bytes() const;

  // Its commands in their order; `views` holds their arguments. Valid until the queue changes or goes, or
  // `views` does.
  std::vector<Queued> Commands(std::vector<std::string_view>* views) const;

 private:
  struct Entry {
    const command::Command* command;
    size_t arguments_end;  // in argument_ends_
  };
  std::vector<Entry> commands_;
  std::vector<size_t> argument_ends_;  // in bytes_
  std::string bytes_;
  uint32_t flags_ = 0;
};

// Exists from MULTI to EXEC or DISCARD.
struct Transaction {
  CommandQueue queue;
  bool aborted = false;  // a command was refused instead of being queued: EXEC will refuse all of them
};

// What others may ask about the keys that a connection watches (transaction::Watches keeps them).
struct Watching : Attachment {
  std::atomic<bool> touched{false};  // one of them has changed; set under the lock of that key's shard
  size_t keys = 0;                   // on the connection's thread
};

}  // namespace corral::client
