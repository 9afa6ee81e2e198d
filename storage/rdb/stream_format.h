// Streams in Redis's RDB format: nodes by id, counters, groups with what they have pending.
#pragma once

#include <memory>

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/types/stream/stream_object.h"

namespace corral::storage::rdb {

// As kStream2, which has no time at which a consumer was active.
void WriteStream(Writer& out, const StreamObject& stream);
// `type` is one of the three. Null: the bytes are no such value.
std::unique_ptr<StreamObject> ReadStream(Reader& in, ValueType type);

}  // namespace corral::storage::rdb
