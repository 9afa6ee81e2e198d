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

// Another text may have been a field's name already.
bool AddField(std::string_view name, std::string_view value, int64_t expire_at_ms, const HashLimits& limits,
              DetachedValue* out) {
  if (!SetField(*out, name, value, limits)) return false;
  return expire_at_ms == kNoExpiry || SetFieldExpiry(*out, name, expire_at_ms);
}

bool ReadFields(Reader& in, const HashLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  Begin(count, limits, out);
  std::string room;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.String(room), value = in.String();
    if (!in.ok()) return false;
    AppendField(*out, name, value, limits);
  }
  if (!in.ok() || count == 0) return false;
  // One that came twice lies in a packed hash twice, in a large one once.
  const ValueView value = out->value();
  return value.packed() ? Valid(value.form(), value.bytes()) : value.size() == count;
}

// The expiry in front of a field; false: there is no such time.
bool ReadExpiry(Reader& in, uint64_t first_ms, int64_t* expire_at_ms) {
  constexpr uint64_t kLatest = kLatestFieldExpiryMs;
  const uint64_t offset = in.Length();
  *expire_at_ms = kNoExpiry;
  if (offset == 0) return in.ok();
  const uint64_t time_ms = first_ms + offset - 1;
  if (offset > kLatest || time_ms == 0 || time_ms > kLatest) return false;
  *expire_at_ms = static_cast<int64_t>(time_ms);
  return true;
}

bool ReadExpiringFields(Reader& in, uint64_t first_ms, const HashLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  Begin(count, limits, out);
  std::string room;
  for (uint64_t i = 0; i < count; ++i) {
    int64_t expire_at_ms;
    if (!ReadExpiry(in, first_ms, &expire_at_ms)) return false;
    const std::string_view name = in.String(room), value = in.String();
    if (!in.ok() || !AddField(name, value, expire_at_ms, limits, out)) return false;
  }
  return in.ok() && count > 0;
}

bool TakeOver(PackedForm form, std::string_view bytes, const HashLimits& limits, DetachedValue* out) {
  if (!Valid(form, bytes) || IsEmpty(form, bytes)) return false;
  const size_t fields = SizeOf(form, bytes);
  if (fields <= limits.packed_fields && IsCanonical(PackedList(bytes))) {
    out->Become(form, bytes);
    return true;
  }
  Begin(fields, limits, out);
  bool taken = true;
  ForEachWithExpiry(ValueView(form, bytes), [&](const Hash::Field& field, int64_t expire_at_ms) {
    IntegerText scratch, other;
    const std::string_view name = field.name.Text(scratch), value = field.value.Text(other);
    if (form == PackedForm::kHash) return AppendField(*out, name, value, limits);
    taken = AddField(name, value, expire_at_ms, limits, out) && taken;
  });
  return taken;
}

}  // namespace

ValueType TypeOfHash(const ValueView& value) {
  if (!value.packed()) {
    return value.next_deadline_ms() == kNoExpiry ? ValueType::kHash : ValueType::kHashExpiring;
  }
  return value.form() == PackedForm::kHash ? ValueType::kHashPacked : ValueType::kHashPackedExpiring;
}

void WriteHash(Writer& out, const ValueView& value) {
  const ValueType type = TypeOfHash(value);
  const int64_t first_ms = value.next_deadline_ms();
  if (type == ValueType::kHashExpiring || type == ValueType::kHashPackedExpiring) {
    out.Fixed64(first_ms == kNoExpiry ? 0 : static_cast<uint64_t>(first_ms));
  }
  if (value.packed()) return out.String(value.bytes());
  out.Length(value.size());
  value.as<HashObject>().ForEach([&](const HashField& field) {
    if (type == ValueType::kHashExpiring) {
      out.Length(field.expires() ? static_cast<uint64_t>(field.expire_at_ms() - first_ms + 1) : 0);
    }
    out.String(field.name());
    out.String(field.value());
  });
}

bool ReadHash(Reader& in, ValueType type, const HashLimits& limits, DetachedValue* out) {
  // A first expiry of none is one beyond the latest, or 0.
  constexpr uint64_t kNone = uint64_t{kLatestFieldExpiryMs} + 1;
  uint64_t first_ms = 1;
  if (type == ValueType::kHashExpiring || type == ValueType::kHashPackedExpiring) {
    first_ms = in.Fixed64();
    if (!in.ok() || first_ms > kNone) return false;
  }
  if (type == ValueType::kHash) return ReadFields(in, limits, out);
  if (type == ValueType::kHashExpiring || type == ValueType::kHashExpiringEarly) {
    return ReadExpiringFields(in, first_ms, limits, out);
  }
  const std::string_view bytes = in.String();
  if (!in.ok()) return false;
  if (type == ValueType::kHashPackedExpiring || type == ValueType::kHashPackedExpiringEarly) {
    return TakeOver(PackedForm::kHashEx, bytes, limits, out);
  }
  if (type == ValueType::kHashPacked) return TakeOver(PackedForm::kHash, bytes, limits, out);
  const std::optional<std::string> packed =
      type == ValueType::kHashZiplist ? PackedOfZiplist(bytes) : PackedOfZipmap(bytes);
  return packed && TakeOver(PackedForm::kHash, *packed, limits, out);
}

}  // namespace corral::storage::rdb
