// The conditions on a present string that SET and DELEX share: IFEQ, IFNE, IFDEQ and IFDNE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/command/context.h"

namespace corral::commands {

inline constexpr size_t kDigestChars = 16;

// XXH3 of the text, in hexadecimal digits: what DIGEST answers.
std::string DigestOf(std::string_view text);

struct ValueCondition {
  enum class Kind : uint8_t { kNone, kEqual, kDiffers, kDigestEqual, kDigestDiffers };

  Kind kind = Kind::kNone;
  size_t argument = 0;  // the position of what is compared with the value

  bool given() const { return kind != Kind::kNone; }
  // Takes the option at position `i` and remembers the argument behind it. False when there is no such
  // option, when its argument is missing, or when a condition was taken before.
  bool Take(const command::Context& ctx, size_t i);
  // Whether an absent value (null) or a string meets it. Nothing after an error reply: a digest of another
  // length. As in Redis a digest is compared in any case, and its digits are not looked at.
  std::optional<bool> Met(command::Context& ctx, const storage::Record* record) const;
};

}  // namespace corral::commands
