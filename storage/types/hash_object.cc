#include "storage/types/hash_object.h"

#include "storage/base/hash_index_impl.h"
#include "storage/base/invariant.h"
#include "storage/base/number.h"

namespace corral::storage {

template class HashIndex<FieldEntries>;

void FieldEntries::CheckInvariants(Slot slot) const {
  slot.field()->CheckInvariants();
  Require(slot.expires() == slot.field()->expires(), "hash object: an expiry bit differs from its field");
}

bool HashObject::Set(std::string_view name, std::string_view value, int64_t expire_at_ms) {
  const FieldEntries::Key key = KeyOf(name);
  if (const auto position = fields_.Find(key)) {
    Assign(key, position, value, expire_at_ms);
    return false;
  }
  fields_.Insert(key.hash, {HashField::Create(name, value, expire_at_ms), key.hash});
  expiring_ += expire_at_ms != kNoExpiry;
  return true;
}

bool HashObject::SetExpiry(std::string_view name, int64_t expire_at_ms) {
  const FieldEntries::Key key = KeyOf(name);
  const auto position = fields_.Find(key);
  if (!position) return false;
  Assign(key, position, position->field()->value(), expire_at_ms);
  return true;
}

void HashObject::Assign(const FieldEntries::Key& key, SlotPosition<FieldEntries::Slot> position,
                        std::string_view value, int64_t expire_at_ms) {
  const size_t old_bytes = position->field()->allocated_bytes();
  expiring_ -= position->expires();
  expiring_ += expire_at_ms != kNoExpiry;
  HashField* field = HashField::Assign(position->field(), value, expire_at_ms);
  fields_.Update(position, {field, key.hash}, old_bytes);
}

bool HashObject::Erase(std::string_view name) {
  const FieldEntries::Key key = KeyOf(name);
  const auto position = fields_.Find(key);
  if (!position) return false;
  expiring_ -= position->expires();
  fields_.Erase(key.hash, position);
  return true;
}

const HashField& HashObject::RandomField(Random& random) const {
  return *fields_.RandomPosition(random)->field();
}

std::unique_ptr<Object> HashObject::Clone() const {
  auto clone = std::make_unique<HashObject>();
  ForEach([&](const HashField& field) { clone->Set(field.name(), field.value(), field.expire_at_ms()); });
  return clone;
}

void HashObject::Save(ValueSink& sink) const {
  ForEach([&](const HashField& field) {
    std::string_view parts[] = {field.name(), field.value(), {}};
    if (!field.expires()) return sink.Element({parts, 2});
    IntegerText expiry;
    parts[2] = {expiry.digits, FormatInt64(field.expire_at_ms(), expiry.digits)};
    sink.Element(parts);
  });
}

void HashObject::CheckInvariants() const {
  fields_.CheckInvariants();
  size_t expiring = 0;
  ForEach([&](const HashField& field) { expiring += field.expires(); });
  Require(expiring == expiring_, "hash object: the number of expiring fields is wrong");
}

}  // namespace corral::storage
