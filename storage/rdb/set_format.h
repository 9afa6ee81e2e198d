// Sets in Redis's RDB format: integers, or members one by one.
#pragma once

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/types/packed_object.h"
#include "storage/types/set.h"
#include "storage/types/value.h"

namespace corral::storage::rdb {

ValueType TypeOfSet(const ValueView& value);
void WriteSet(Writer& out, const ValueView& value);
// `type` is one of these. False, `*out` being void then: the bytes are no such value, or one without
// elements.
bool ReadSet(Reader& in, ValueType type, const SetLimits& limits, DetachedValue* out);

}  // namespace corral::storage::rdb
