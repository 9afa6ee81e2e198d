#include "server/commands/stream/stream_group_effects.h"

#include <cstdint>
#include <string>

#include "server/commands/stream/stream_id_argument.h"

namespace corral::commands {

void PropagateClaim(command::Context& ctx, const GroupName& name, storage::StreamId last_delivered,
                    const storage::StreamPending& pending) {
  if (!ctx.propagates()) return;
  const std::string id = TextOf(pending.id), last_id = TextOf(last_delivered);
  ctx.PropagateAs({"XCLAIM", name.key, name.group, pending.consumer->name(), "0", id, "TIME",
                   pending.delivery_ms, "RETRYCOUNT", static_cast<int64_t>(pending.deliveries), "FORCE",
                   "JUSTID", "LASTID", last_id});
}

void PropagateGroupId(command::Context& ctx, const GroupName& name, const storage::StreamGroup& group) {
  if (!ctx.propagates()) return;
  const int64_t read = group.entries_read ? static_cast<int64_t>(*group.entries_read) : -1;
  const std::string last_id = TextOf(group.last_delivered);
  ctx.PropagateAs({"XGROUP", "SETID", name.key, name.group, last_id, "ENTRIESREAD", read});
}

void PropagateConsumer(command::Context& ctx, const GroupName& name, std::string_view consumer) {
  ctx.PropagateAs({"XGROUP", "CREATECONSUMER", name.key, name.group, consumer});
}

}  // namespace corral::commands
