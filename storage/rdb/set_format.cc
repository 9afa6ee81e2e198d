#include "storage/rdb/set_format.h"

#include <memory>
#include <string>

#include "storage/rdb/packed_bytes.h"

namespace corral::storage::rdb {
namespace {

bool ReadMembers(Reader& in, const SetLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view member = in.String();
    if (!in.ok()) return false;
    if (i == 0) {
      const std::optional<PackedForm> form = FormOfNewSet(member, count, limits);
      form ? out->Become(*form, EmptyOf(*form)) : out->Become(std::make_unique<SetObject>());
    }
    if (!AddToSet(*out, member, limits)) return false;
  }
  return in.ok() && count > 0;
}

// Members of a packed form that is none of this process's limits.
bool Rebuild(PackedForm form, std::string_view bytes, const SetLimits& limits, DetachedValue* out) {
  const Set set{ValueView(form, bytes)};
  bool first = true, all_new = true;
  set.ForEach([&](const Set::Member& member) {
    IntegerText scratch;
    const std::string_view text = member.Text(scratch);
    if (first) {
      const std::optional<PackedForm> begun = FormOfNewSet(text, set.size(), limits);
      begun ? out->Become(*begun, EmptyOf(*begun)) : out->Become(std::make_unique<SetObject>());
      first = false;
    }
    all_new = AddToSet(*out, text, limits) && all_new;
  });
  return all_new;
}

}  // namespace

ValueType TypeOfSet(const ValueView& value) {
  return value.packed() && value.form() == PackedForm::kIntSet ? ValueType::kIntSet : ValueType::kSet;
}

void WriteSet(Writer& out, const ValueView& value) {
  if (TypeOfSet(value) == ValueType::kIntSet) return out.String(value.bytes());
  out.Length(value.size());
  Set(value).ForEach([&](const Set::Member& member) {
    member.is_integer ? out.Integer(member.integer) : out.String(member.text);
  });
}

bool ReadSet(Reader& in, ValueType type, const SetLimits& limits, DetachedValue* out) {
  if (type == ValueType::kSet) return ReadMembers(in, limits, out);
  const std::string_view bytes = in.String();
  const PackedForm form = type == ValueType::kIntSet ? PackedForm::kIntSet : PackedForm::kSet;
  if (!in.ok() || !Valid(form, bytes) || IsEmpty(form, bytes)) return false;
  const size_t most = form == PackedForm::kIntSet ? limits.int_set_entries : limits.packed_entries;
  const bool taken_over =
      SizeOf(form, bytes) <= most && (form == PackedForm::kIntSet || IsCanonical(PackedList(bytes)));
  if (!taken_over) return Rebuild(form, bytes, limits, out);
  out->Become(form, bytes);
  return true;
}

}  // namespace corral::storage::rdb
