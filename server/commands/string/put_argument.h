// How the string commands store what a client sent.
#pragma once

#include <cstddef>
#include <utility>

#include "server/client/client.h"
#include "server/command/context.h"

namespace corral::commands {

// Stores the i-th argument: a big one in the buffer in which it arrived.
inline void PutArgument(command::Context& ctx, const storage::Key& key, size_t i,
                        const storage::PutOptions& options = {}) {
  if (storage::SharedBytes buffer = ctx.client.reader.BufferOf(ctx[i])) [[unlikely]] {
    ctx.db.PutString(key, std::move(buffer), options);
  } else {
    ctx.db.PutString(key, ctx[i], options);
  }
}

}  // namespace corral::commands
