// The numbers by which RDB files and DUMP payloads name the form of a value.
#pragma once

#include <cstdint>

namespace corral::storage::rdb {

// Redis's own; what is not here is of modules. Of several for one type the latest that redis-server 7.0 reads
// is written; it knows none for hashes whose fields expire, which are Redis 7.4's.
enum class ValueType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZsetText = 3,  // scores as text
  kHash = 4,
  kZset = 5,  // scores as eight bytes
  kHashZipmap = 9,
  kListZiplist = 10,
  kIntSet = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kQuicklistZiplist = 14,
  kStream1 = 15,
  kHashPacked = 16,
  kZsetPacked = 17,
  kQuicklist = 18,
  kStream2 = 19,
  kSetPacked = 20,
  kStream3 = 21,
  kHashExpiringEarly = 22,        // of the release candidates
  kHashPackedExpiringEarly = 23,  // the same
  kHashExpiring = 24,
  kHashPackedExpiring = 25,
};

// In front of a quicklist's node: one element, or a packed list of them.
enum class NodeContainer : uint8_t { kPlain = 1, kPacked = 2 };

}  // namespace corral::storage::rdb
