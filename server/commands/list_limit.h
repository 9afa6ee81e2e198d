// The limit of packed lists, for commands that write a list.
#pragma once

#include "server/command/context.h"
#include "server/config/settings.h"
#include "storage/types/list_node.h"

namespace corral::commands {

inline storage::ListNodeLimit LimitOfLists(const command::Context& ctx) {
  return storage::ListNodeLimit::Of(ctx.services.settings.list_max_listpack_size);
}

}  // namespace corral::commands
