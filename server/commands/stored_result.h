// What commands share that store their result at a key, in place of whatever is there.
#pragma once

#include <cstdint>
#include <utility>

#include "server/commands/lookup.h"
#include "server/config/settings.h"
#include "storage/types/packed_object.h"

namespace corral::commands {

// An empty result leaves no key.
inline void EraseForResult(command::Context& ctx, const storage::Key& key) {
  if (ctx.db.Erase(key, ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del))) {
    ctx.Changed(key, command::events::kDel);
  } else {
    ctx.services.effects.AbsentKeyDeleted(ctx.db, key);
  }
}

// Stores at the key and replies with the number of elements.
inline void StoreResult(command::Context& ctx, const storage::Key& key, storage::DetachedValue&& result,
                        const command::Event& event) {
  const size_t size = result.value().size();
  if (size != 0) {
    ctx.db.PutValue(key, std::move(result), {}, ReclaimWhen(ctx.services.settings.lazyfree_lazy_server_del));
    ctx.Changed(key, event);
  } else {
    EraseForResult(ctx, key);
  }
  ctx.reply.Integer(static_cast<int64_t>(size));
}
// The same at the command's first key.
inline void StoreResult(command::Context& ctx, storage::DetachedValue&& result, const command::Event& event) {
  StoreResult(ctx, ctx.Key(1), std::move(result), event);
}

}  // namespace corral::commands
