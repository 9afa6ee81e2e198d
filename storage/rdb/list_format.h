// Lists in Redis's RDB format: nodes of elements.
#pragma once

#include "storage/rdb/reader.h"
#include "storage/rdb/value_type.h"
#include "storage/rdb/writer.h"
#include "storage/types/list_node.h"
#include "storage/types/packed_object.h"
#include "storage/types/value.h"

namespace corral::storage::rdb {

ValueType TypeOfList(const ValueView& value);
void WriteList(Writer& out, const ValueView& value);
// `type` is one of these. False, `*out` being void then: the bytes are no such value, or one without
// elements.
bool ReadList(Reader& in, ValueType type, const ListNodeLimit& limit, DetachedValue* out);

}  // namespace corral::storage::rdb
