#include "storage/types/hash.h"

#include <memory>
#include <unordered_set>
#include <utility>

#include "storage/base/selection.h"

namespace corral::storage {
namespace {

void BecomeLarge(ValueSlot& slot) {
  auto large = std::make_unique<HashObject>();
  Hash(slot.value()).ForEach([&](const Hash::Field& field) {
    IntegerText name, value;
    large->Set(field.name.Text(name), field.value.Text(value));
  });
  slot.Become(std::move(large));
}

}  // namespace

std::optional<Hash::Text> Hash::Find(std::string_view name) const {
  if (!value_.packed()) {
    const HashField* field = value_.as<HashObject>().Find(name);
    if (field == nullptr) return std::nullopt;
    return Text{.text = field->value()};
  }
  const PackedList list(value_.bytes());
  const PackedList::Position at = list.Find(name, list.begin(), 1);
  if (at == list.end()) return std::nullopt;
  return list[list.Next(at)];
}

Hash::Field Hash::RandomField(Random& random) const {
  if (!value_.packed()) return FieldOf(value_.as<HashObject>().RandomField(random));
  const PackedList list(value_.bytes());
  const PackedList::Position at = list.At(random.Below(size()) * 2);
  return {.name = list[at], .value = list[list.Next(at)]};
}

std::vector<Hash::Field> Hash::Sample(size_t count, Random& random) const {
  std::vector<Field> chosen;
  chosen.reserve(count);
  if (!value_.packed() && count <= size() / 3) {
    // Few of many: one after another, until there are enough different ones.
    std::unordered_set<const HashField*> seen;
    while (chosen.size() < count) {
      const HashField& field = value_.as<HashObject>().RandomField(random);
      if (seen.insert(&field).second) chosen.push_back(FieldOf(field));
    }
    return chosen;
  }
  Selection selection(count, size(), random);
  ForEach([&](const Field& field) {
    if (selection.Takes()) chosen.push_back(field);
  });
  return chosen;
}

bool SetField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits) {
  if (!slot.packed()) return slot.as<HashObject>().Set(name, value);
  const PackedList list(slot.view());
  const bool fits =
      name.size() <= limits.packed_bytes && value.size() <= limits.packed_bytes &&
      list.bytes() + name.size() + value.size() + 2 * PackedElement::kMostOverhead < PackedList::kMaxBytes;
  if (!fits) {
    BecomeLarge(slot);
    return slot.as<HashObject>().Set(name, value);
  }
  const PackedList::Position at = list.Find(name, list.begin(), 1);
  if (at != list.end()) {
    PackedList::Replace(slot, list.Next(at), PackedElement(value));
    return false;
  }
  const PackedElement elements[] = {PackedElement(name), PackedElement(value)};
  PackedList::Splice(slot, list.end(), list.end(), 0, elements, 2);
  if (slot.value().size() > limits.packed_fields) BecomeLarge(slot);
  return true;
}

bool RemoveField(ValueSlot& slot, std::string_view name) {
  if (!slot.packed()) return slot.as<HashObject>().Erase(name);
  const PackedList list(slot.view());
  const PackedList::Position at = list.Find(name, list.begin(), 1);
  if (at == list.end()) return false;
  PackedList::Erase(slot, at, 2);
  return true;
}

}  // namespace corral::storage
