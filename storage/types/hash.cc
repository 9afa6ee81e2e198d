#include "storage/types/hash.h"

#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "storage/base/selection.h"
#include "storage/types/packed_object.h"

namespace corral::storage {
namespace {

void BecomeLarge(ValueSlot& slot) {
  auto large = std::make_unique<HashObject>();
  ForEachWithExpiry(slot.value(), [&](const Hash::Field& field, int64_t expire_at_ms) {
    IntegerText name, value;
    large->Set(field.name.Text(name), field.value.Text(value), expire_at_ms);
  });
  slot.Become(std::move(large));
}

// Whether the packed hash may grow by so many bytes of text in so many elements.
bool HasRoom(const ValueSlot& slot, size_t text_bytes, size_t elements) {
  return slot.view().size() + text_bytes + elements * PackedElement::kMostOverhead < PackedList::kMaxBytes;
}

// A packed hash in which both texts have no room becomes a large one.
void MakeRoom(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits) {
  if (!slot.packed()) return;
  const bool fits = name.size() <= limits.packed_bytes && value.size() <= limits.packed_bytes &&
                    HasRoom(slot, name.size() + value.size(), PackedHashEx::kStride);
  if (!fits) BecomeLarge(slot);
}

// Redis's bytes for a hash whose fields may end, which they do not yet.
void BecomeEx(ValueSlot& slot) {
  HeapBuffer with_expiries(EmptyOf(PackedForm::kHashEx));
  ForEachWithExpiry(slot.value(), [&](const Hash::Field& field, int64_t expire_at_ms) {
    IntegerText name, value;
    PackedHashEx::Insert(with_expiries, field.name.Text(name), field.value.Text(value), expire_at_ms);
  });
  slot.Become(PackedForm::kHashEx, with_expiries.view());
}

size_t StrideOf(const ValueSlot& slot) {
  return slot.form() == PackedForm::kHashEx ? PackedHashEx::kStride : 2;
}

// Of a packed hash; the list's end: not there.
PackedList::Position FindPacked(const ValueSlot& slot, std::string_view name) {
  return PackedList(slot.view()).FindName(name, StrideOf(slot));
}

bool SetLarge(ValueSlot& slot, std::string_view name, std::string_view value, FieldExpiry expiry) {
  auto& large = slot.as<HashObject>();
  return expiry == FieldExpiry::kKept ? large.SetValue(name, value) : large.Set(name, value);
}

void Append(ValueSlot& slot, std::string_view name, std::string_view value) {
  if (slot.form() == PackedForm::kHashEx) return PackedHashEx::Insert(slot, name, value, kNoExpiry);
  const PackedElement elements[] = {PackedElement(name), PackedElement(value)};
  const PackedList::Position end = PackedList(slot.view()).end();
  PackedList::Splice(slot, end, end, 0, elements, 2);
}

}  // namespace

std::optional<Hash::Text> Hash::Find(std::string_view name) const {
  if (!value_.packed()) {
    const HashField* field = FindLarge(name);
    if (field == nullptr) return std::nullopt;
    return Text{.text = field->value()};
  }
  const PackedList list(value_.bytes());
  const PackedList::Position at = FindPacked(name);
  if (at == list.end()) return std::nullopt;
  return list[list.Next(at)];
}

std::optional<int64_t> Hash::ExpiryOf(std::string_view name) const {
  if (!value_.packed()) {
    const HashField* field = FindLarge(name);
    if (field == nullptr) return std::nullopt;
    return field->expire_at_ms();
  }
  const PackedList::Position at = FindPacked(name);
  if (at == PackedList(value_.bytes()).end()) return std::nullopt;
  return value_.form() == PackedForm::kHashEx ? PackedHashEx(value_.bytes()).ExpiryAt(at) : kNoExpiry;
}

Hash::Field Hash::RandomField(Random& random) const {
  if (!value_.packed()) return FieldOf(RandomLarge(size(), random));
  const PackedList list(value_.bytes());
  const PackedList::Position at = list.At((hidden_.value_or(0) + random.Below(size())) * stride());
  return {.name = list[at], .value = list[list.Next(at)]};
}

// By chance until one is met that is there; where most are not, by counting.
const HashField& Hash::RandomLarge(size_t live, Random& random) const {
  const auto& large = value_.as<HashObject>();
  if (live >= large.size() / 8) {
    for (;;) {
      const HashField& field = large.RandomField(random);
      if (!Hides(field)) return field;
    }
  }
  const HashField* chosen = nullptr;
  uint64_t left = random.Below(live) + 1;
  large.ForEach([&](const HashField& field) {
    if (!Hides(field) && left != 0 && --left == 0) chosen = &field;
  });
  return *chosen;
}

std::vector<Hash::Field> Hash::Sample(size_t count, Random& random) const {
  std::vector<Field> chosen;
  chosen.reserve(count);
  const size_t live = size();
  if (!value_.packed() && count <= live / 3 && live >= value_.size() / 8) {
    // Few of many: one after another, until there are enough different ones.
    std::unordered_set<const HashField*> seen;
    while (chosen.size() < count) {
      const HashField& field = RandomLarge(live, random);
      if (seen.insert(&field).second) chosen.push_back(FieldOf(field));
    }
    return chosen;
  }
  Selection selection(count, live, random);
  ForEach([&](const Field& field) {
    if (selection.Takes()) chosen.push_back(field);
  });
  return chosen;
}

bool SetField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits,
              FieldExpiry expiry) {
  MakeRoom(slot, name, value, limits);
  if (!slot.packed()) return SetLarge(slot, name, value, expiry);
  const PackedList list(slot.view());
  const PackedList::Position at = FindPacked(slot, name);
  if (at != list.end()) {
    PackedList::Replace(slot, list.Next(at), PackedElement(value));
    if (slot.form() == PackedForm::kHashEx && expiry == FieldExpiry::kTakenAway &&
        PackedHashEx(slot.view()).ExpiryAt(at) != kNoExpiry) {
      PackedHashEx::SetExpiry(slot, at, kNoExpiry);
    }
    return false;
  }
  Append(slot, name, value);
  if (slot.value().size() > limits.packed_fields) BecomeLarge(slot);
  return true;
}

void AppendField(ValueSlot& slot, std::string_view name, std::string_view value, const HashLimits& limits) {
  MakeRoom(slot, name, value, limits);
  if (slot.packed()) {
    Append(slot, name, value);
  } else {
    slot.as<HashObject>().Set(name, value);
  }
}

bool SetFieldExpiry(ValueSlot& slot, std::string_view name, int64_t expire_at_ms) {
  if (!slot.packed()) return slot.as<HashObject>().SetExpiry(name, expire_at_ms);
  PackedList::Position at = FindPacked(slot, name);
  if (at == PackedList(slot.view()).end()) return false;
  if (slot.form() == PackedForm::kHash) {
    if (expire_at_ms == kNoExpiry) return true;
    if (!HasRoom(slot, 0, slot.value().size() + 1)) {
      BecomeLarge(slot);
      return slot.as<HashObject>().SetExpiry(name, expire_at_ms);
    }
    BecomeEx(slot);
    at = FindPacked(slot, name);
  }
  PackedHashEx::SetExpiry(slot, at, expire_at_ms);
  return true;
}

bool RemoveField(ValueSlot& slot, std::string_view name) {
  if (!slot.packed()) return slot.as<HashObject>().Erase(name);
  const PackedList::Position at = FindPacked(slot, name);
  if (at == PackedList(slot.view()).end()) return false;
  PackedList::Erase(slot, at, StrideOf(slot));
  return true;
}

bool DropIfDue(ValueSlot& slot, std::string_view name, int64_t now_ms) {
  const ValueView value = slot.value();
  if (!IsOverdue(value.next_deadline_ms(), now_ms)) return false;
  // There now, and not there before anything had ended.
  return !Hash(value, now_ms).Find(name) && RemoveField(slot, name);
}

}  // namespace corral::storage
