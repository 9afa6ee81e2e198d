// Elements that are picked again and again, as a negative count asks for: a reply of any length.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/config/settings.h"

namespace corral::commands {

// Calls pick() `count` times, each of which adds to the reply. Where that overcomes the hard limit of the
// client's output, which closes the connection without sending it, nothing more is picked.
template <class Pick>
void PickRepeatedly(command::Context& ctx, uint64_t count, Pick pick) {
  constexpr uint64_t kUnchecked = 1024;
  const size_t limit_bytes =
      ctx.services.settings.client_output_buffer_limits[static_cast<size_t>(ctx.client.kind())].hard_bytes;
  for (uint64_t i = 0; i < count; ++i) {
    if (limit_bytes != 0 && i % kUnchecked == 0 && ctx.client.output.pending_bytes() >= limit_bytes) return;
    pick();
  }
}

}  // namespace corral::commands
