#include "server/commands/stored_string.h"

namespace corral::commands {

void PropagateAsSet(command::Context& ctx, const storage::Key& key, size_t i,
                    const storage::PutOptions& options) {
  const int64_t expire_at_ms = options.expire_at_ms, fresh_until_ms = options.fresh_until_ms;
  if (options.keep_expiry) return ctx.PropagateAs({"SET", key.name, ctx[i], "KEEPTTL"});
  if (expire_at_ms == storage::kNoExpiry) return ctx.PropagateAs({"SET", key.name, ctx[i]});
  if (fresh_until_ms == storage::kAlwaysFresh)
    return ctx.PropagateAs({"SET", key.name, ctx[i], "PXAT", expire_at_ms});
  ctx.PropagateAs({"SET", key.name, ctx[i], "PXAT", fresh_until_ms, "PSWR", expire_at_ms - fresh_until_ms});
}

}  // namespace corral::commands
