#include "storage/types/set.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include "storage/base/selection.h"
#include "storage/types/packed_object.h"

namespace corral::storage {
namespace {

// Redis's bound on a set of integers, whatever the directive says.
constexpr size_t kMaxIntSetEntries = size_t{1} << 30;

// Moves the members into a large set, of which `member` is the first that has no room here.
void BecomeLarge(ValueSlot& slot) {
  auto large = std::make_unique<SetObject>();
  Set(slot.value()).ForEach([&](const Set::Member& member) { large->Add(member); });
  slot.Become(std::move(large));
}

size_t DigitsOf(int64_t integer) {
  IntegerText scratch;
  return FormatInt64(integer, scratch.digits);
}

// Whether the integers and a text fit into a packed list.
bool PacksWith(const IntSet& set, size_t text_size, const SetLimits& limits) {
  const size_t count = set.count();
  if (count >= limits.packed_entries || text_size > limits.packed_bytes) return false;
  // The longest integer is the first or the last.
  return std::max(DigitsOf(set[0]), DigitsOf(set[count - 1])) <= limits.packed_bytes &&
         PackedList::kEmptyBytes + count * PackedElement(INT64_MIN).size() + text_size <
             PackedList::kMaxBytes;
}

void BecomePacked(ValueSlot& slot) {
  const IntSet set(slot.view());
  DetachedValue packed(PackedForm::kSet);
  for (size_t i = 0, count = set.count(); i < count; ++i) PackedList::Append(packed, PackedElement(set[i]));
  slot.Become(PackedForm::kSet, packed.view());
}

// As a packed set has it: a large one has long integers as text.
Set::Member Canonical(const Set::Member& member) {
  return member.is_integer ? member : Set::Member::Of(member.text);
}

PackedElement ElementOf(const Set::Member& member) {
  return member.is_integer ? PackedElement(member.integer) : PackedElement(member.text);
}

bool AddInteger(ValueSlot& slot, int64_t integer, const SetLimits& limits) {
  if (!IntSet::Insert(slot, integer)) return false;
  const size_t most = std::min(limits.int_set_entries, kMaxIntSetEntries);
  if (IntSet(slot.view()).count() > most) BecomeLarge(slot);
  return true;
}

// Behind the others; a set in which the member has no room becomes large.
void AppendPacked(ValueSlot& slot, const Set::Member& member, const SetLimits& limits) {
  IntegerText scratch;
  const std::string_view text = member.Text(scratch);
  const PackedElement element = ElementOf(member);
  if (text.size() <= limits.packed_bytes &&
      PackedList(slot.view()).bytes() + element.size() < PackedList::kMaxBytes) {
    return PackedList::Append(slot, element);
  }
  BecomeLarge(slot);
  slot.as<SetObject>().Add(member);
}

bool AddPacked(ValueSlot& slot, const Set::Member& member, const SetLimits& limits) {
  const PackedList list(slot.view());
  if (list.FindName(ElementOf(member), 1) != list.end()) return false;
  if (list.count() >= limits.packed_entries) {
    BecomeLarge(slot);
    return slot.as<SetObject>().Add(member);
  }
  AppendPacked(slot, member, limits);
  return true;
}

}  // namespace

bool Set::Contains(std::string_view member) const {
  if (!value_.packed()) return value_.as<SetObject>().Contains(member);
  return Contains(Set::Member::Of(member));
}

bool Set::Contains(const Member& member) const {
  if (!value_.packed()) return value_.as<SetObject>().Contains(member);
  if (value_.form() == PackedForm::kIntSet) {
    const Member canonical = Canonical(member);
    return canonical.is_integer && IntSet(value_.bytes()).Contains(canonical.integer);
  }
  const PackedList list(value_.bytes());
  return list.FindName(ElementOf(member), 1) != list.end();
}

Set::Member Set::RandomMember(Random& random) const {
  if (!value_.packed()) return value_.as<SetObject>().RandomMember(random);
  const size_t index = random.Below(size());
  if (value_.form() == PackedForm::kIntSet) {
    return {.is_integer = true, .integer = IntSet(value_.bytes())[index], .text = {}};
  }
  const PackedList list(value_.bytes());
  return list[list.At(index)];
}

std::vector<Set::Member> Set::Sample(size_t count, Random& random) const {
  std::vector<Member> chosen;
  chosen.reserve(count);
  if (!value_.packed() && count <= size() / 3) {
    // Few of many: one after another, until there are enough different ones. Members lie in places of their
    // own, or are integers.
    std::unordered_set<int64_t> integers;
    std::unordered_set<const char*> texts;
    while (chosen.size() < count) {
      const Member member = RandomMember(random);
      const bool is_new = member.is_integer ? integers.insert(member.integer).second
                                            : texts.insert(member.text.data()).second;
      if (is_new) chosen.push_back(member);
    }
    return chosen;
  }
  Selection selection(count, size(), random);
  ForEach([&](const Member& member) {
    if (selection.Takes()) chosen.push_back(member);
  });
  return chosen;
}

std::optional<PackedForm> FormOfNewSet(std::string_view member, size_t count, const SetLimits& limits) {
  if (count <= limits.int_set_entries && Set::Member::Of(member).is_integer) return PackedForm::kIntSet;
  if (count <= limits.packed_entries) return PackedForm::kSet;
  return std::nullopt;
}

bool AddToSet(ValueSlot& slot, const Set::Member& given, const SetLimits& limits) {
  if (!slot.packed()) return slot.as<SetObject>().Add(given);
  const Set::Member member = Canonical(given);
  if (slot.form() != PackedForm::kIntSet) return AddPacked(slot, member, limits);
  if (member.is_integer) return AddInteger(slot, member.integer, limits);
  const IntSet set(slot.view());
  if (set.count() == 0 || PacksWith(set, member.text.size(), limits)) {
    BecomePacked(slot);
    return AddPacked(slot, member, limits);
  }
  BecomeLarge(slot);
  return slot.as<SetObject>().Add(member);
}

bool AddToSet(ValueSlot& slot, std::string_view member, const SetLimits& limits) {
  if (!slot.packed()) return slot.as<SetObject>().Add(member);
  return AddToSet(slot, Set::Member::Of(member), limits);
}

void AppendToSet(ValueSlot& slot, const Set::Member& member, const SetLimits& limits) {
  if (slot.packed() && slot.form() == PackedForm::kSet) {
    AppendPacked(slot, Canonical(member), limits);
  } else {
    AddToSet(slot, member, limits);
  }
}

bool RemoveFromSet(ValueSlot& slot, std::string_view text) {
  if (!slot.packed()) return slot.as<SetObject>().Erase(text);
  const Set::Member member = Set::Member::Of(text);
  if (slot.form() == PackedForm::kIntSet) return member.is_integer && IntSet::Erase(slot, member.integer);
  const PackedList list(slot.view());
  const PackedList::Position at = list.FindName(ElementOf(member), 1);
  if (at == list.end()) return false;
  PackedList::Erase(slot, at, 1);
  return true;
}

}  // namespace corral::storage
