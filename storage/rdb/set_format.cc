#include "storage/rdb/set_format.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/rdb/packed_bytes.h"

namespace corral::storage::rdb {
namespace {

// A set whose members come from outside, in any order. What the members cost does not depend on the limits,
// which may allow a packed set of any size: O(n log n).
class Gathering {
 public:
  Gathering(uint64_t count, const SetLimits& limits, DetachedValue* out)
      : count_(count), limits_(limits), out_(out) {}

  void Add(std::string_view text) {
    if (added_++ == 0) Begin(text);
    const Set::Member member = Set::Member::Of(text);
    if (only_integers_ && member.is_integer) return integers_.push_back(member.integer);
    if (!only_integers_) return AppendToSet(*out_, member, limits_);
    only_integers_ = false;
    if (count_ > limits_.packed_entries) out_->Become(std::make_unique<SetObject>());  // as which it ends
    AddIntegers();
    AddToSet(*out_, member, limits_);  // here a set of integers becomes a packed one
  }

  // False if there are not `count` different members.
  bool End() {
    if (only_integers_) AddIntegers();
    if (count_ == 0 || added_ != count_) return false;
    const ValueView value = out_->value();
    return value.packed() ? value.size() == count_ && Valid(value.form(), value.bytes())
                          : value.size() == count_;
  }

 private:
  void Begin(std::string_view first) {
    const std::optional<PackedForm> form = FormOfNewSet(first, count_, limits_);
    only_integers_ = form == PackedForm::kIntSet;
    form ? out_->Become(*form, EmptyOf(*form)) : out_->Become(std::make_unique<SetObject>());
  }

  // In order each one goes to the end, and none has to make room.
  void AddIntegers() {
    std::sort(integers_.begin(), integers_.end());
    for (const int64_t integer : integers_) {
      AddToSet(*out_, Set::Member{.is_integer = true, .integer = integer, .text = {}}, limits_);
    }
    integers_.clear();
  }

  const uint64_t count_;
  const SetLimits& limits_;
  DetachedValue* const out_;
  uint64_t added_ = 0;
  bool only_integers_ = false;
  std::vector<int64_t> integers_;
};

bool ReadMembers(Reader& in, const SetLimits& limits, DetachedValue* out) {
  const uint64_t count = in.Count();
  Gathering members(count, limits, out);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view member = in.String();
    if (!in.ok()) return false;
    members.Add(member);
  }
  return in.ok() && members.End();
}

// Members of a packed form that is none of this process's limits.
bool Rebuild(PackedForm form, std::string_view bytes, const SetLimits& limits, DetachedValue* out) {
  const Set set{ValueView(form, bytes)};
  Gathering members(set.size(), limits, out);
  set.ForEach([&](const Set::Member& member) {
    IntegerText scratch;
    members.Add(member.Text(scratch));
  });
  return members.End();
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
