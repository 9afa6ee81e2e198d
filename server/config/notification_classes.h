// The classes of keyspace events: the letters of notify-keyspace-events as bits, with Redis's values.
#pragma once

#include <cstdint>

namespace corral::config {

inline constexpr uint32_t kNotifyKeyspace = 1 << 0;  // K
inline constexpr uint32_t kNotifyKeyevent = 1 << 1;  // E
inline constexpr uint32_t kNotifyGeneric = 1 << 2;   // g
inline constexpr uint32_t kNotifyString = 1 << 3;    // $
inline constexpr uint32_t kNotifyList = 1 << 4;      // l
inline constexpr uint32_t kNotifySet = 1 << 5;       // s
inline constexpr uint32_t kNotifyHash = 1 << 6;      // h
inline constexpr uint32_t kNotifyZset = 1 << 7;      // z
inline constexpr uint32_t kNotifyExpired = 1 << 8;   // x
inline constexpr uint32_t kNotifyEvicted = 1 << 9;   // e
inline constexpr uint32_t kNotifyStream = 1 << 10;   // t
inline constexpr uint32_t kNotifyKeyMiss = 1 << 11;  // m, not part of A
inline constexpr uint32_t kNotifyModule = 1 << 13;   // d
inline constexpr uint32_t kNotifyNew = 1 << 14;      // n, not part of A
inline constexpr uint32_t kNotifyAll =               // A
    kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash | kNotifyZset | kNotifyExpired |
    kNotifyEvicted | kNotifyStream | kNotifyModule;

}  // namespace corral::config
