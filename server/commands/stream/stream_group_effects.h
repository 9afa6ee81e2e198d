// What a group's consumers were given, in the words of the log of effects. Redis's append-only file has the
// same.
#pragma once

#include <string_view>

#include "server/command/context.h"
#include "storage/types/stream/stream_group.h"

namespace corral::commands {

// Of which key and group an effect speaks.
struct GroupName {
  std::string_view key;
  std::string_view group;
};

// XCLAIM: an entry is pending, as `pending` says, and the group has read up to `last_delivered` at least.
void PropagateClaim(command::Context& ctx, const GroupName& name, storage::StreamId last_delivered,
                    const storage::StreamPending& pending);
// XGROUP SETID: how far the group has read.
void PropagateGroupId(command::Context& ctx, const GroupName& name, const storage::StreamGroup& group);
// XGROUP CREATECONSUMER: for a consumer that no claim creates.
void PropagateConsumer(command::Context& ctx, const GroupName& name, std::string_view consumer);

}  // namespace corral::commands
