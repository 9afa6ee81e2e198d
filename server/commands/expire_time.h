// The EX, PX, EXAT and PXAT options that SET, GETEX and their like share: one of them, and the time it stands
// for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command/context.h"

namespace corral::commands {

struct ExpireTime {
  enum class Form : uint8_t { kNone, kSeconds, kMilliseconds, kUnixSeconds, kUnixMilliseconds };

  Form form = Form::kNone;
  size_t argument = 0;  // the position of the number

  bool given() const { return form != Form::kNone; }
  bool in_seconds() const { return form == Form::kSeconds || form == Form::kUnixSeconds; }
  bool from_now() const { return form == Form::kSeconds || form == Form::kMilliseconds; }
  // The option that stands at position `i`.
  static Form FormAt(const command::Context& ctx, size_t i);
  // Takes the option at position `i` and remembers the argument behind it. False when there is no such
  // option, when its number is missing, or when a different one was taken before. The same option may be
  // given again, and the last one counts.
  bool Take(const command::Context& ctx, size_t i);
  // The Unix time in ms at which the key is to expire, which may lie in the past. False after an error reply:
  // no integer, not positive, or beyond int64 in ms.
  bool Read(command::Context& ctx, int64_t* expire_at_ms) const;
};

}  // namespace corral::commands
