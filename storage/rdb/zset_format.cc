#include "storage/rdb/zset_format.h"

#include <cmath>
#include <optional>
#include <string>

#include "storage/rdb/old_packed.h"
#include "storage/rdb/packed_bytes.h"
#include "storage/types/zset_builder.h"

namespace corral::storage::rdb {
namespace {

bool ReadMembers(Reader& in, ValueType type, const ZsetLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  ZsetBuilder builder;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view member = in.String();
    const double score = type == ValueType::kZset ? in.Double() : in.TextDouble();
    if (!in.ok() || std::isnan(score)) return false;
    builder.Put(member, score);
  }
  if (!in.ok() || count == 0 || builder.size() != count) return false;  // one of them came twice
  out->Become(PackedForm::kZset, EmptyOf(PackedForm::kZset));
  builder.Finish(limits, *out);
  return true;
}

bool TakeOver(std::string_view bytes, const ZsetLimits& limits, DetachedValue* out) {
  constexpr PackedForm kForm = PackedForm::kZset;
  if (!Valid(kForm, bytes) || IsEmpty(kForm, bytes)) return false;
  if (SizeOf(kForm, bytes) <= limits.members && IsCanonical(PackedList(bytes))) {
    out->Become(kForm, bytes);
    return true;
  }
  ZsetBuilder builder;
  ZsetReader(ValueView(kForm, bytes)).Each([&](std::string_view member, double score) {
    builder.Put(member, score);
  });
  out->Become(kForm, EmptyOf(kForm));
  builder.Finish(limits, *out);
  return true;
}

}  // namespace

ValueType TypeOfZset(const ValueView& value) {
  return value.packed() ? ValueType::kZsetPacked : ValueType::kZset;
}

void WriteZset(Writer& out, const ValueView& value) {
  if (value.packed()) return out.String(value.bytes());
  const auto& zset = value.as<ZsetObject>();
  out.Length(zset.size());
  zset.EachUntil({0, zset.size()}, ZsetOrder::kDescending, [&](std::string_view member, double score) {
    out.String(member);
    out.Double(score);
    return true;
  });
}

bool ReadZset(Reader& in, ValueType type, const ZsetLimits& limits, DetachedValue* out) {
  if (type == ValueType::kZset || type == ValueType::kZsetText) return ReadMembers(in, type, limits, out);
  const std::string_view bytes = in.String();
  if (!in.ok()) return false;
  if (type == ValueType::kZsetPacked) return TakeOver(bytes, limits, out);
  const std::optional<std::string> packed = PackedOfZiplist(bytes);
  return packed && TakeOver(*packed, limits, out);
}

}  // namespace corral::storage::rdb
