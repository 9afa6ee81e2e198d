// What the changes of the dataset are told to, to be run again elsewhere: a file, a replica.
#pragma once

#include <span>
#include <string_view>

namespace corral::command {

// A command that changes `database` as something that ran here has changed it.
struct Effect {
  int database;
  std::span<const std::string_view> arguments;
};

// Run again in their order, on a clock that stands still before all of their times, the effects make the same
// dataset: what expired or was evicted here is among them as a deletion, and nothing else ends there. (The
// clock must stand: PEXPIREAT and then PERSIST keep a key only for whoever is not late.)
class EffectLog {
 public:
  virtual ~EffectLog() = default;
  // What one command did, or one group of commands (EXEC, a script): kept whole or not at all, so several
  // need MULTI and EXEC around them. On any worker, inside the gate and under the locks of what was written:
  // of two writes of a key the earlier one comes first. Whoever implements it orders writes of different keys
  // by a leaf lock of its own and does not call back into storage. The arguments are valid until it returns.
  virtual void Append(std::span<const Effect> effects) = 0;
};

// The name of the command that deletes a key as it was deleted here: with its memory given back lazily or at
// once.
inline std::string_view DeletionName(bool lazy) { return lazy ? "UNLINK" : "DEL"; }

}  // namespace corral::command
