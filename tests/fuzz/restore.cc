// Any bytes as a value in Redis's RDB format: what is read is a value in order, can be written and read again
// as the same, and nothing is left behind of what is refused.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "storage/rdb/value_format.h"
#include "storage/types/hash_object.h"
#include "storage/types/list_object.h"
#include "storage/types/set_object.h"
#include "storage/types/stream/stream_object.h"
#include "storage/types/zset_object.h"

namespace {

using namespace corral::storage;

constexpr rdb::Limits kUsual{.list = {8192, SIZE_MAX},
                             .set = {.int_set_entries = 512, .packed_entries = 128, .packed_bytes = 64},
                             .hash = {.packed_fields = 512, .packed_bytes = 64},
                             .zset = {.members = 128, .member_bytes = 64}};
constexpr rdb::Limits kSmall{.list = {64, SIZE_MAX},
                             .set = {.int_set_entries = 2, .packed_entries = 2, .packed_bytes = 4},
                             .hash = {.packed_fields = 2, .packed_bytes = 4},
                             .zset = {.members = 2, .member_bytes = 4}};

void Check(const ValueView& value) {
  if (value.size() == 0 && value.type() != ValueType::kStream) abort();
  if (value.packed()) {
    if (!Valid(value.form(), value.bytes())) abort();
    return;
  }
  switch (value.type()) {
    case ValueType::kList:
      return value.as<ListObject>().CheckInvariants();
    case ValueType::kSet:
      return value.as<SetObject>().CheckInvariants();
    case ValueType::kHash:
      return value.as<HashObject>().CheckInvariants();
    case ValueType::kZset:
      return value.as<ZsetObject>().CheckInvariants();
    default:
      return value.as<StreamObject>().CheckInvariants();
  }
}

Record* RecordOf(rdb::LoadedValue& loaded) {
  if (loaded.is_string) {
    return Record::Create("k", Record::Value::Of(std::string_view(loaded.text), true, false), {});
  }
  Check(loaded.value.value());
  if (!loaded.value.packed()) {
    return Record::Create("k", Record::Value::Of(loaded.value.ReleaseObject()), {});
  }
  // As the keyspace stores it, which keeps large ones outside of the record.
  return Record::Create("k", Record::Value::Of(loaded.value.form(), loaded.value.view()), {});
}

void Destroy(Record* record) {
  record->TakeRemains();
  Record::Destroy(record);
}

}  // namespace

// Input: a byte that chooses the limits, the value's type, the value.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const rdb::Limits& limits = (data[0] & 1) != 0 ? kSmall : kUsual;
  rdb::Reader in({reinterpret_cast<const char*>(data) + 2, size - 2});
  rdb::LoadedValue loaded;
  if (!rdb::ReadValue(in, static_cast<rdb::ValueType>(data[1]), limits, &loaded)) return 0;
  Record* record = RecordOf(loaded);
  const std::string payload = rdb::WritePayload(*record, (data[0] & 2) != 0);

  rdb::LoadedValue again;
  if (!rdb::VerifyPayload(payload) || !rdb::ReadPayload(payload, limits, &again)) abort();
  Record* copy = RecordOf(again);
  if (copy->type() != record->type()) abort();
  if (!record->is_string() && copy->value().size() != record->value().size()) abort();
  Destroy(copy);
  Destroy(record);
  return 0;
}
