#include "storage/rdb/hash_format.h"

#include <memory>
#include <optional>
#include <string>

#include "storage/rdb/old_packed.h"
#include "storage/rdb/packed_bytes.h"

namespace corral::storage::rdb {
namespace {

void Begin(uint64_t count, const HashLimits& limits, DetachedValue* out) {
  if (count <= limits.packed_fields) {
    out->Become(PackedForm::kHash, EmptyOf(PackedForm::kHash));
  } else {
    out->Become(std::make_unique<HashObject>());
  }
}

bool ReadFields(Reader& in, const HashLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  Begin(count, limits, out);
  std::string room;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.String(room), value = in.String();
    if (!in.ok() || !SetField(*out, name, value, limits)) return false;
  }
  return in.ok() && count > 0;
}

bool TakeOver(std::string_view bytes, const HashLimits& limits, DetachedValue* out) {
  constexpr PackedForm kForm = PackedForm::kHash;
  if (!Valid(kForm, bytes) || IsEmpty(kForm, bytes)) return false;
  if (SizeOf(kForm, bytes) <= limits.packed_fields && IsCanonical(PackedList(bytes))) {
    out->Become(kForm, bytes);
    return true;
  }
  const Hash hash{ValueView(kForm, bytes)};
  Begin(hash.size(), limits, out);
  hash.ForEach([&](const Hash::Field& field) {
    IntegerText name, value;
    SetField(*out, field.name.Text(name), field.value.Text(value), limits);
  });
  return true;
}

}  // namespace

ValueType TypeOfHash(const ValueView& value) {
  return value.packed() ? ValueType::kHashPacked : ValueType::kHash;
}

void WriteHash(Writer& out, const ValueView& value) {
  if (value.packed()) return out.String(value.bytes());
  out.Length(value.size());
  value.as<HashObject>().ForEach([&](const HashField& field) {
    out.String(field.name());
    out.String(field.value());
  });
}

bool ReadHash(Reader& in, ValueType type, const HashLimits& limits, DetachedValue* out) {
  if (type == ValueType::kHash) return ReadFields(in, limits, out);
  const std::string_view bytes = in.String();
  if (!in.ok()) return false;
  if (type == ValueType::kHashPacked) return TakeOver(bytes, limits, out);
  const std::optional<std::string> packed =
      type == ValueType::kHashZiplist ? PackedOfZiplist(bytes) : PackedOfZipmap(bytes);
  return packed && TakeOver(*packed, limits, out);
}

}  // namespace corral::storage::rdb
