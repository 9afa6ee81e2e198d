// Values of every type in Redis's RDB format, and the payload of DUMP around one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/record.h"
#include "storage/types/hash.h"
#include "storage/types/list_node.h"
#include "storage/types/packed_object.h"
#include "storage/types/set.h"
#include "storage/types/zset.h"

namespace corral::storage::rdb {

// The version of what is written, which redis-server 7.0 reads; and the latest that is read, Redis 7.4's,
// which values are written in that it was made for.
inline constexpr uint16_t kWrittenVersion = 10, kLatestVersion = 12;

// In which form values that are read begin their life.
struct Limits {
  ListNodeLimit list;
  SetLimits set;
  HashLimits hash;
  ZsetLimits zset;
};

// What was read: a string's text, or a value of another type.
struct LoadedValue {
  bool is_string = false;
  std::string text;
  DetachedValue value{PackedForm::kList};
};

ValueType TypeOf(const Record& record);
constexpr uint16_t VersionOf(ValueType type) {
  return type >= ValueType::kHashExpiringEarly ? kLatestVersion : kWrittenVersion;
}
void WriteValue(Writer& out, const Record& record);  // what follows the type
// False, `*out` being void then: the type is not known, or the bytes are no such value. They are checked to
// the last one before the value can be used.
bool ReadValue(Reader& in, ValueType type, const Limits& limits, LoadedValue* out);

// ---- DUMP: | type 1 | value | version 2 | CRC-64 of all before it 8 |, little-endian ----

std::string WritePayload(const Record& record, bool compress);
// Whether the version is one that is read, and the checksum is right, unless that is not looked at.
bool VerifyPayload(std::string_view payload, bool skip_checksum = false);
bool ReadPayload(std::string_view payload, const Limits& limits,
                 LoadedValue* out);  // of one that is verified

}  // namespace corral::storage::rdb
