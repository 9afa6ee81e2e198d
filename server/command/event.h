// What a write did to a key, in the words of Redis's keyspace notifications.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/config/notification_classes.h"

namespace corral::command {

// What notify-keyspace-events chooses by; one letter each.
enum EventClass : uint32_t {
  kEventUntold = 0,  // a change of which no channel is told
  kEventGeneric = config::kNotifyGeneric,
  kEventString = config::kNotifyString,
  kEventList = config::kNotifyList,
  kEventSet = config::kNotifySet,
  kEventHash = config::kNotifyHash,
  kEventZset = config::kNotifyZset,
  kEventExpired = config::kNotifyExpired,
  kEventEvicted = config::kNotifyEvicted,
  kEventStream = config::kNotifyStream,
  kEventKeyMiss = config::kNotifyKeyMiss,
  kEventNew = config::kNotifyNew,
};

struct Event {
  EventClass event_class;
  std::string_view name;
  // How many of rdb_changes_since_last_save it is, as Redis counts them: mostly one for each element. 0: the
  // second event of a change that its first one has counted.
  uint64_t changes = 1;

  constexpr Event Times(uint64_t count) const { return {event_class, name, count}; }
};

namespace events {
inline constexpr Event kSet{kEventString, "set"};
inline constexpr Event kSetRange{kEventString, "setrange"};
inline constexpr Event kSetBit{kEventString, "setbit"};
inline constexpr Event kGrown{kEventUntold, "setbit", 0};  // by zeros, for fields that did not fit
inline constexpr Event kPfAdd{kEventString, "pfadd"};
inline constexpr Event kPfForm{kEventUntold, "pfform"};  // other bytes that count the same
inline constexpr Event kAppend{kEventString, "append"};
inline constexpr Event kIncrBy{kEventString, "incrby"};
inline constexpr Event kDecrBy{kEventString, "decrby"};
inline constexpr Event kIncrByFloat{kEventString, "incrbyfloat"};
inline constexpr Event kLpush{kEventList, "lpush"};
inline constexpr Event kRpush{kEventList, "rpush"};
inline constexpr Event kLpop{kEventList, "lpop"};
inline constexpr Event kRpop{kEventList, "rpop"};
inline constexpr Event kLset{kEventList, "lset"};
inline constexpr Event kLtrim{kEventList, "ltrim"};
inline constexpr Event kLrem{kEventList, "lrem"};
inline constexpr Event kLinsert{kEventList, "linsert"};
inline constexpr Event kSortStore{kEventList, "sortstore"};
inline constexpr Event kDelOfEmpty{kEventGeneric, "del", 0};  // the last element went
inline constexpr Event kDel{kEventGeneric, "del"};
inline constexpr Event kExpire{kEventGeneric, "expire"};
inline constexpr Event kExpireOfSet{kEventGeneric, "expire", 0};  // SET with a time
inline constexpr Event kPersist{kEventGeneric, "persist"};
inline constexpr Event kRenameFrom{kEventGeneric, "rename_from"};
inline constexpr Event kRenameTo{kEventGeneric, "rename_to", 0};
inline constexpr Event kMoveFrom{kEventGeneric, "move_from"};
inline constexpr Event kMoveTo{kEventGeneric, "move_to", 0};
inline constexpr Event kCopyTo{kEventGeneric, "copy_to"};
inline constexpr Event kRestore{kEventGeneric, "restore"};
inline constexpr Event kSoftDel{kEventGeneric, "softdel"};
inline constexpr Event kZadd{kEventZset, "zadd"};
inline constexpr Event kZincr{kEventZset, "zincr"};
inline constexpr Event kZrem{kEventZset, "zrem"};
inline constexpr Event kZremRangeByRank{kEventZset, "zremrangebyrank"};
inline constexpr Event kZremRangeByScore{kEventZset, "zremrangebyscore"};
inline constexpr Event kZremRangeByLex{kEventZset, "zremrangebylex"};
inline constexpr Event kZpopMin{kEventZset, "zpopmin"};
inline constexpr Event kZpopMax{kEventZset, "zpopmax"};
inline constexpr Event kZrangeStore{kEventZset, "zrangestore"};
inline constexpr Event kZunionStore{kEventZset, "zunionstore"};
inline constexpr Event kZinterStore{kEventZset, "zinterstore"};
inline constexpr Event kZdiffStore{kEventZset, "zdiffstore"};
inline constexpr Event kGeoSearchStore{kEventZset, "geosearchstore"};
inline constexpr Event kGeoRadiusStore{kEventZset, "georadiusstore"};
inline constexpr Event kHset{kEventHash, "hset"};
inline constexpr Event kHdel{kEventHash, "hdel"};
inline constexpr Event kHexpire{kEventHash, "hexpire"};
inline constexpr Event kHpersist{kEventHash, "hpersist"};
inline constexpr Event kHincrBy{kEventHash, "hincrby"};
inline constexpr Event kHexpired{kEventHash, "hexpired", 0};  // as a key's expiry, it is no client's change
inline constexpr Event kHincrByFloat{kEventHash, "hincrbyfloat"};
inline constexpr Event kSadd{kEventSet, "sadd"};
inline constexpr Event kSrem{kEventSet, "srem"};
inline constexpr Event kSpop{kEventSet, "spop"};
inline constexpr Event kSinterStore{kEventSet, "sinterstore"};
inline constexpr Event kSunionStore{kEventSet, "sunionstore"};
inline constexpr Event kSdiffStore{kEventSet, "sdiffstore"};
inline constexpr Event kXadd{kEventStream, "xadd"};
inline constexpr Event kXtrim{kEventStream, "xtrim"};
inline constexpr Event kXdel{kEventStream, "xdel"};
inline constexpr Event kXsetId{kEventStream, "xsetid"};
inline constexpr Event kXgroupCreate{kEventStream, "xgroup-create"};
inline constexpr Event kXgroupSetId{kEventStream, "xgroup-setid"};
inline constexpr Event kXgroupDestroy{kEventStream, "xgroup-destroy"};
inline constexpr Event kXgroupCreateConsumer{kEventStream, "xgroup-createconsumer"};
inline constexpr Event kXgroupDelConsumer{kEventStream, "xgroup-delconsumer"};
inline constexpr Event kXreadGroup{kEventUntold, "xreadgroup"};
inline constexpr Event kXack{kEventUntold, "xack"};
inline constexpr Event kXclaim{kEventUntold, "xclaim"};
inline constexpr Event kExpired{kEventExpired, "expired"};
inline constexpr Event kEvicted{kEventEvicted, "evicted"};
inline constexpr Event kKeyMiss{kEventKeyMiss, "keymiss"};
inline constexpr Event kNew{kEventNew, "new"};
}  // namespace events

}  // namespace corral::command
