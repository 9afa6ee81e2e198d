// The id of a stream's entry.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace corral::storage {

// Unix ms and a number among the entries of one millisecond; compared in that order.
struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  auto operator<=>(const StreamId&) const = default;

  bool is_zero() const { return ms == 0 && seq == 0; }
  std::optional<StreamId> Next() const {  // none behind the greatest
    if (seq != UINT64_MAX) return StreamId{ms, seq + 1};
    if (ms != UINT64_MAX) return StreamId{ms + 1, 0};
    return std::nullopt;
  }
  std::optional<StreamId> Previous() const {  // none before the least
    if (seq != 0) return StreamId{ms, seq - 1};
    if (ms != 0) return StreamId{ms - 1, UINT64_MAX};
    return std::nullopt;
  }

  // What a counted tree sorts by first: about seconds, until the year 2109.
  uint32_t prefix() const {
    const uint64_t seconds = ms >> 10;
    return seconds < UINT32_MAX ? static_cast<uint32_t>(seconds) : UINT32_MAX;
  }
};

inline constexpr StreamId kMaxStreamId{UINT64_MAX, UINT64_MAX};

}  // namespace corral::storage
