// KEEPREF, DELREF and ACKED: what becomes of the deliveries of an entry that is to go.
#pragma once

#include <cstddef>
#include <optional>

#include "server/command/context.h"
#include "storage/types/stream/stream_object.h"

namespace corral::commands {

// What the word at `i` says; none: it is another word.
std::optional<storage::StreamReferences> ReferencesNamed(const command::Context& ctx, size_t i);

}  // namespace corral::commands
