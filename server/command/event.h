// What a write did to a key, in the words of Redis's keyspace notifications.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::command {

// Classes of notify-keyspace-events, one letter each.
enum EventClass : uint32_t {
  kEventGeneric = 1u << 0,  // g
  kEventString = 1u << 1,   // $
  kEventList = 1u << 2,     // l
  kEventSet = 1u << 3,      // s
  kEventHash = 1u << 4,     // h
  kEventZset = 1u << 5,     // z
  kEventExpired = 1u << 6,  // x
  kEventEvicted = 1u << 7,  // e
  kEventStream = 1u << 8,   // t
  kEventKeyMiss = 1u << 9,  // m
  kEventNew = 1u << 10,     // n
};

struct Event {
  EventClass event_class;
  std::string_view name;
};

namespace events {
inline constexpr Event kSet{kEventString, "set"};
inline constexpr Event kSetRange{kEventString, "setrange"};
inline constexpr Event kAppend{kEventString, "append"};
inline constexpr Event kIncrBy{kEventString, "incrby"};
inline constexpr Event kDecrBy{kEventString, "decrby"};
inline constexpr Event kIncrByFloat{kEventString, "incrbyfloat"};
inline constexpr Event kDel{kEventGeneric, "del"};
inline constexpr Event kExpire{kEventGeneric, "expire"};
inline constexpr Event kPersist{kEventGeneric, "persist"};
inline constexpr Event kRenameFrom{kEventGeneric, "rename_from"};
inline constexpr Event kRenameTo{kEventGeneric, "rename_to"};
inline constexpr Event kMoveFrom{kEventGeneric, "move_from"};
inline constexpr Event kMoveTo{kEventGeneric, "move_to"};
inline constexpr Event kCopyTo{kEventGeneric, "copy_to"};
inline constexpr Event kExpired{kEventExpired, "expired"};
inline constexpr Event kEvicted{kEventEvicted, "evicted"};
}  // namespace events

}  // namespace corral::command
