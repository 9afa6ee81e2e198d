// The effects of what runs on a worker at this moment, until it has ended and the log gets them together.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/effect_log.h"

namespace corral::command {

// One argument of an effect: a text, or a number that is printed only if somebody listens.
class EffectArgument {
 public:
  template <std::convertible_to<std::string_view> Text>
  EffectArgument(const Text& text) : text_(text) {}
  EffectArgument(int64_t number) : number_(number), is_number_(true) {}

  void AppendTo(std::string* bytes) const;

 private:
  std::string_view text_;
  int64_t number_ = 0;
  bool is_number_ = false;
};

// One per worker, used by its thread while somebody listens. A command opens it with Begin and closes it with
// End. Commands inside of another one (EXEC, a script) do the same, and only the outermost End appends.
class PendingEffects {
 public:
  PendingEffects() = default;
  ~PendingEffects();
  PendingEffects(const PendingEffects&) = delete;
  PendingEffects& operator=(const PendingEffects&) = delete;

  // Makes this the calling thread's, which then may change keys.
  void Bind();
  // Ends the process on a thread without: what changes keys runs on a worker.
  static PendingEffects& OfThread();

  void Begin() { ++depth_; }
  void End(EffectLog& log);
  // The same, behind one more effect; alone it reaches the log without a copy.
  void End(EffectLog& log, const Effect& last);
  void Add(int database, std::span<const EffectArgument> arguments);
  // A key expired or was evicted, or a field of a hash ended. The deletion is an effect of its own, never
  // wrapped together with the command that met the key; but it does not overtake what that command, or the
  // group, has added already.
  void Remove(EffectLog& log, const Effect& removal);

 private:
  void Add(const Effect& effect);
  void Flush(EffectLog& log);
  void Clear();

  struct Span {
    int database;
    size_t arguments_end;  // in argument_ends_; an effect begins where the one before it ends
  };
  int depth_ = 0;
  // They keep their capacity from one command to the next, up to a limit.
  std::vector<Span> spans_;                  // one for each effect
  std::vector<size_t> argument_ends_;        // in bytes_
  std::string bytes_;                        // of all arguments, one behind the other
  std::vector<std::string_view> arguments_;  // the last two are for Flush alone
  std::vector<Effect> effects_;
};

}  // namespace corral::command
