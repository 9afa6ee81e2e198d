// Hashes in Redis's RDB format: a packed list, or fields one by one.
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
