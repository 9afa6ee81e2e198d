#include "server/commands/bitmap/bit_offset.h"

#include "server/config/settings.h"
#include "storage/base/number.h"

namespace corral::commands {

bool ReadBitOffset(command::Context& ctx, size_t i, uint64_t* offset, unsigned field_bits) {
  std::string_view text = ctx[i];
  const bool counts_fields = field_bits > 0 && text.starts_with('#');
  if (counts_fields) text.remove_prefix(1);
  int64_t number = 0;
  bool good = storage::ParseInt64(text, &number);
  // A product beyond 64 bits wraps, as it does in Redis.
  if (counts_fields) number = static_cast<int64_t>(static_cast<uint64_t>(number) * field_bits);
  good = good && number >= 0 && number >> 3 < ctx.services.settings.proto_max_bulk_len_bytes;
  if (!good) {
    ctx.reply.Error("ERR bit offset is not an integer or out of range");
    return false;
  }
  *offset = static_cast<uint64_t>(number);
  return true;
}

}  // namespace corral::commands
