// One command of a batch between being read and being run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/client/client.h"
#include "server/command/table.h"
#include "storage/key.h"

namespace corral::dispatch {

// Arguments point into bytes that stay where they are until the batch is over.
struct Request {
  client::Client* client = nullptr;
  const command::Command* command = nullptr;  // nullptr: unknown, or a protocol error
  std::span<const std::string_view> arguments;
  size_t input_bytes = 0;    // of the client's input that this request takes up
  storage::Key first_key{};  // when has_key
  bool has_key = false;
  // Whatever the other arguments are, the command touches no further key. A row whose keys lie elsewhere too
  // carries kMovableKeys: the table sees to that.
  bool only_first_key() const {
    return has_key && command->last_key == command->first_key && !command->Is(command::kMovableKeys);
  }
  std::string protocol_error;  // not empty: the text to answer, then the connection closes
};

}  // namespace corral::dispatch
