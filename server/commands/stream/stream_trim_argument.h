// The options of XADD and XTRIM that say what is to go: <MAXLEN | MINID> [= | ~] threshold [LIMIT count]
// [KEEPREF | DELREF | ACKED], in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/command/context.h"
#include "server/command/pending_effects.h"
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

  // The command as it came, for the log of effects, with the trim as it came out: exact, so that it takes the
  // same entries again. Options end before `end`. The texts are those of the arguments and this object's.
  std::vector<command::EffectArgument> EffectOf(const command::Context& ctx, size_t end,
                                                const storage::StreamObject& trimmed);

 private:
  Taken TakeThreshold(command::Context& ctx, size_t* i, bool by_length);

  storage::StreamTrim trim_;
  bool threshold_given_ = false;
  bool references_given_ = false;
  std::optional<int64_t> limit_;
  size_t threshold_at_ = 0;  // its position
  std::string effect_id_;
};

}  // namespace corral::commands
