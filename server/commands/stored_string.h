// How a log of effects says for how long a string was stored: what SET and its kin and SETLEASE share.
#pragma once

#include <cstddef>

#include "server/command/context.h"
#include "storage/database.h"

namespace corral::commands {

// Propagates the i-th argument, which was stored, as a SET with the times at which it becomes stale and
// expires, however the client gave them. `options` are those that it was stored with.
void PropagateAsSet(command::Context& ctx, const storage::Key& key, size_t i,
                    const storage::PutOptions& options);

}  // namespace corral::commands
