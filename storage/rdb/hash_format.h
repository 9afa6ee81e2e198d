// Hashes in Redis's RDB format: a packed list, or fields one by one. Where fields expire:
//
//   packed     | the first expiry 8, 0: none | packed list of field, value, expiry |
//   one by one | the first expiry 8 | how many | (expiry | field | value) ... |
//
// An expiry that stands before its field is a length: 0 for none, 1 for the first, 2 for a millisecond later.
// Release candidates of Redis 7.4 wrote no first expiry, and that of a field as Unix ms.
#pragma once

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/types/hash.h"
#include "storage/types/packed_object.h"
#include "storage/types/value.h"

namespace corral::storage::rdb {

ValueType TypeOfHash(const ValueView& value);
void WriteHash(Writer& out, const ValueView& value);
// `type` is one of these. False, `*out` being void then: the bytes are no such value, or one without
// elements.
bool ReadHash(Reader& in, ValueType type, const HashLimits& limits, DetachedValue* out);

}  // namespace corral::storage::rdb
