#include "server/commands/string/value_condition.h"

#include "storage/base/ascii.h"
#include "storage/base/hash.h"

namespace corral::commands {

std::string DigestOf(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  uint64_t hash = XXH3_64bits(text.data(), text.size());
  std::string digest(kDigestChars, '0');
  for (auto digit = digest.rbegin(); digit != digest.rend(); ++digit, hash >>= 4) *digit = kDigits[hash & 15];
  return digest;
}

bool ValueCondition::Take(const command::Context& ctx, size_t i) {
  const Kind taken = ctx.Is(i, "IFEQ")    ? Kind::kEqual
                     : ctx.Is(i, "IFNE")  ? Kind::kDiffers
                     : ctx.Is(i, "IFDEQ") ? Kind::kDigestEqual
                     : ctx.Is(i, "IFDNE") ? Kind::kDigestDiffers
                                          : Kind::kNone;
  if (taken == Kind::kNone || given() || i + 1 == ctx.size()) return false;
  kind = taken;
  argument = i + 1;
  return true;
}

std::optional<bool> ValueCondition::Met(command::Context& ctx, const storage::Record* record) const {
  const bool wants_equal = kind == Kind::kEqual || kind == Kind::kDigestEqual;
  if (record == nullptr) return !wants_equal;
  const std::string_view wanted = ctx[argument];
  storage::IntegerText scratch;
  const std::string_view text = record->String(scratch);
  if (kind == Kind::kEqual || kind == Kind::kDiffers) return (text == wanted) == wants_equal;
  if (wanted.size() != kDigestChars) {
    ctx.reply.Error("ERR digest must be exactly 16 hexadecimal characters");
    return std::nullopt;
  }
  return storage::EqualInAnyCase(DigestOf(text), wanted) == wants_equal;
}

}  // namespace corral::commands
