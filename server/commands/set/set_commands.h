// What the files of the set family share.
#pragma once

#include <string_view>

#include "server/command/context.h"
#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/types/set.h"

namespace corral::commands {

inline storage::SetLimits SetLimitsOf(const command::Context& ctx) {
  const config::Settings& settings = ctx.services.settings;
  return {.int_set_entries = settings.set_max_intset_entries,
          .packed_entries = settings.set_max_listpack_entries,
          .packed_bytes = settings.set_max_listpack_value};
}

}  // namespace corral::commands
