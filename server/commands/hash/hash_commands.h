// What the files of the hash family share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

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

// A command that itself changed nothing closes a hash; fields that had ended may have been its last.
inline void CloseUnchanged(command::Context& ctx, const storage::Key& key, storage::OpenValue& hash) {
  if (!hash.Close()) return;
  ctx.Changed(key, command::events::kDelOfEmpty);
  ctx.PropagateAs({});  // the deletion of the fields went there
}

// The names behind FIELDS.
using Fields = std::span<const std::string_view>;

// The readers answer a mistake, and are false then.
// FIELDS numfields field [field ...], from argument `at` to the end. `not_positive`: the error of a number
// that is none, or too small.
bool ReadFields(command::Context& ctx, size_t at, std::string_view not_positive, Fields* fields);
inline constexpr std::string_view kFieldsNotPositive = "ERR Number of fields must be a positive integer";
// The Unix ms at which fields are to end, from the number in argument `at`.
bool ReadFieldEnd(command::Context& ctx, size_t at, bool in_seconds, bool from_now, int64_t* unix_ms);

}  // namespace corral::commands
