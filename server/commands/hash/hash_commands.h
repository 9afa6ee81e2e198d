// What the files of the hash family share.
#pragma once

#include "server/command/context.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/types/hash.h"

namespace corral::commands {

inline storage::HashLimits HashLimitsOf(const command::Context& ctx) {
  const config::Settings& settings = ctx.services.settings;
  return {.packed_fields = settings.hash_max_listpack_entries,
          .packed_bytes = settings.hash_max_listpack_value};
}

}  // namespace corral::commands
