// Sorted sets in Redis's RDB format: a packed list, or members with scores, the greatest first.
#pragma once

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/types/packed_object.h"
#include "storage/types/value.h"
#include "storage/types/zset.h"

namespace corral::storage::rdb {

ValueType TypeOfZset(const ValueView& value);
void WriteZset(Writer& out, const ValueView& value);
// `type` is one of these. False, `*out` being void then: the bytes are no such value, or one without
// elements.
bool ReadZset(Reader& in, ValueType type, const ZsetLimits& limits, DetachedValue* out);

}  // namespace corral::storage::rdb
