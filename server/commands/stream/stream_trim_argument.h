// The options of XADD and XTRIM that say what is to go: <MAXLEN | MINID> [= | ~] threshold [LIMIT count]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "server/command/context.h"
#include "storage/types/stream/stream_object.h"

namespace corral::commands {

class StreamTrimArgument {
 public:
  enum class Taken : uint8_t { kYes, kNo, kMistake };

  // Takes the option at `*i`, if it is one of these, and leaves `*i` at the last of its arguments. A mistake
  // is answered.
  Taken Take(command::Context& ctx, size_t* i);
  // Behind all options: answers what does not go together, and returns false then. `required`: a threshold
  // must be among them.
  bool Finish(command::Context& ctx, bool required);

  bool given() const { return threshold_given_; }
  const storage::StreamTrim& trim() const { return trim_; }  // requires given(), after Finish

 private:
  Taken TakeThreshold(command::Context& ctx, size_t* i, bool by_length);

  storage::StreamTrim trim_;
  bool threshold_given_ = false;
  std::optional<int64_t> limit_;
};

}  // namespace corral::commands
