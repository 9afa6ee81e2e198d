#include "storage/rdb/value_format.h"

#include <cstring>
#include <memory>
#include <utility>

#include "storage/rdb/crc64.h"
#include "storage/rdb/hash_format.h"
#include "storage/rdb/list_format.h"
#include "storage/rdb/set_format.h"
#include "storage/rdb/stream_format.h"
#include "storage/rdb/zset_format.h"

namespace corral::storage::rdb {
namespace {

using Type = ValueType;

constexpr size_t kChecksumBytes = 8;
constexpr size_t kFooterBytes = sizeof kWrittenVersion + kChecksumBytes;

bool ReadStreamInto(Reader& in, Type type, DetachedValue* out) {
  std::unique_ptr<StreamObject> stream = ReadStream(in, type);
  if (stream == nullptr) return false;
  out->Become(std::move(stream));
  return true;
}

}  // namespace

Type TypeOf(const Record& record) {
  switch (record.type()) {
    case storage::ValueType::kString:
      return Type::kString;
    case storage::ValueType::kList:
      return TypeOfList(record.value());
    case storage::ValueType::kSet:
      return TypeOfSet(record.value());
    case storage::ValueType::kZset:
      return TypeOfZset(record.value());
    case storage::ValueType::kHash:
      return TypeOfHash(record.value());
    case storage::ValueType::kStream:
      return Type::kStream2;
  }
  __builtin_unreachable();
}

void WriteValue(Writer& out, const Record& record) {
  IntegerText scratch;
  switch (record.type()) {
    case storage::ValueType::kString:
      return record.encoding() == Encoding::kInt ? out.Integer(record.integer())
                                                 : out.String(record.String(scratch));
    case storage::ValueType::kList:
      return WriteList(out, record.value());
    case storage::ValueType::kSet:
      return WriteSet(out, record.value());
    case storage::ValueType::kZset:
      return WriteZset(out, record.value());
    case storage::ValueType::kHash:
      return WriteHash(out, record.value());
    case storage::ValueType::kStream:
      return WriteStream(out, record.value().as<StreamObject>());
  }
}

bool ReadValue(Reader& in, Type type, const Limits& limits, LoadedValue* out) {
  out->is_string = type == Type::kString;
  switch (type) {
    case Type::kString:
      out->text = in.String();
      return in.ok();
    case Type::kList:
    case Type::kListZiplist:
    case Type::kQuicklistZiplist:
    case Type::kQuicklist:
      return ReadList(in, type, limits.list, &out->value);
    case Type::kSet:
    case Type::kIntSet:
    case Type::kSetPacked:
      return ReadSet(in, type, limits.set, &out->value);
    case Type::kZsetText:
    case Type::kZset:
    case Type::kZsetZiplist:
    case Type::kZsetPacked:
      return ReadZset(in, type, limits.zset, &out->value);
    case Type::kHash:
    case Type::kHashZipmap:
    case Type::kHashZiplist:
    case Type::kHashPacked:
    case Type::kHashExpiringEarly:
    case Type::kHashPackedExpiringEarly:
    case Type::kHashExpiring:
    case Type::kHashPackedExpiring:
      return ReadHash(in, type, limits.hash, &out->value);
    case Type::kStream1:
    case Type::kStream2:
    case Type::kStream3:
      return ReadStreamInto(in, type, &out->value);
  }
  return false;  // a number from outside
}

std::string WritePayload(const Record& record, bool compress) {
  std::string payload;
  StringSink sink(payload);
  Writer out(sink, compress);
  const Type type = TypeOf(record);
  out.Byte(static_cast<uint8_t>(type));
  WriteValue(out, record);
  out.Byte(VersionOf(type) & 0xff);
  out.Byte(VersionOf(type) >> 8);
  out.Fixed64(Crc64(0, payload));
  return payload;
}

bool VerifyPayload(std::string_view payload, bool skip_checksum) {
  if (payload.size() < kFooterBytes) return false;
  uint16_t version;
  uint64_t checksum;
  const char* footer = payload.data() + payload.size() - kFooterBytes;
  std::memcpy(&version, footer, sizeof version);
  std::memcpy(&checksum, footer + sizeof version, sizeof checksum);
  return version <= kLatestVersion &&
         (skip_checksum || checksum == Crc64(0, payload.substr(0, payload.size() - kChecksumBytes)));
}

bool ReadPayload(std::string_view payload, const Limits& limits, LoadedValue* out) {
  Reader in(payload.substr(0, payload.size() - kFooterBytes));
  const auto type = static_cast<Type>(in.Byte());
  return ReadValue(in, type, limits, out) && in.left() == 0;
}

}  // namespace corral::storage::rdb
