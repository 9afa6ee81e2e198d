// When a key has to be looked at though no command names it: at its own end, and when a part of its value
// ends.
#pragma once

#include <algorithm>
#include <cstdint>

#include "storage/types/object.h"

namespace corral::storage {

// What is to end at `expire_at_ms` is over from the millisecond after it on. The greatest time has no
// millisecond after it.
constexpr int64_t FirstExpiredMs(int64_t expire_at_ms) {
  return expire_at_ms == INT64_MAX ? expire_at_ms : expire_at_ms + 1;
}

// Unix ms, or kNoExpiry.
struct Deadlines {
  int64_t key_ms = kNoExpiry;    // the key's expiry
  int64_t value_ms = kNoExpiry;  // the earliest end of a part of the value: of a hash's field

  bool any() const { return key_ms != kNoExpiry || value_ms != kNoExpiry; }
  bool KeyIsOver(int64_t now_ms) const { return key_ms != kNoExpiry && key_ms < now_ms; }
  // When there is something to do: the earlier one is over. INT64_MAX without any.
  int64_t NextMs() const { return std::min(NextMs(key_ms), NextMs(value_ms)); }

 private:
  static int64_t NextMs(int64_t end_ms) { return end_ms == kNoExpiry ? INT64_MAX : FirstExpiredMs(end_ms); }
};

}  // namespace corral::storage
