// The SWR and PSWR options that SET and SETLEASE share: how long a value is served stale after its fresh
// time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command/context.h"

namespace corral::commands {

struct StaleTime {
  size_t argument = 0;  // the position of the number; 0: not given
  bool seconds = false;

  bool given() const { return argument != 0; }
  // Takes the option at position `i`; false when there is no such option, it was given before, or its number
  // is missing.
  bool Take(const command::Context& ctx, size_t i);
  // Turns the time at which a value becomes stale into the time at which it expires, both in Unix ms. False
  // after an error reply: the number is no integer, not positive, or too large.
  bool Extend(command::Context& ctx, int64_t fresh_until_ms, int64_t* expire_at_ms) const;
};

}  // namespace corral::commands
