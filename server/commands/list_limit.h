// The limit of packed lists, for commands that write a list.
#pragma once

#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/config/settings.h"
#include "storage/types/list_node.h"

namespace corral::commands {

inline storage::ListNodeLimit LimitOfLists(const command::Context& ctx) {
  auto limit = storage::ListNodeLimit::Of(ctx.services.settings.list_max_listpack_size);
  limit.large_element_bytes = ctx.services.debug.large_element_bytes.load(std::memory_order_relaxed);
  return limit;
}

}  // namespace corral::commands
