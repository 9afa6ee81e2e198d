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
  HashField* field = HashField::Create(name, value, expire_at_ms);
  fields_.Insert(key.hash, {field, key.hash});
  if (expire_at_ms != kNoExpiry) AddDeadline(field);
  return true;
}

bool HashObject::SetValue(std::string_view name, std::string_view value) {
  const FieldEntries::Key key = KeyOf(name);
  const auto position = fields_.Find(key);
  if (!position) return Set(name, value);
  Assign(key, position, value, position->field()->expire_at_ms());
  return false;
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
  const bool expired_before = position->expires(), expires = expire_at_ms != kNoExpiry;
  const uint32_t place = expired_before ? position->field()->place() : 0;
  if (expired_before && !expires) RemoveDeadline(place);
  HashField* field = HashField::Assign(position->field(), value, expire_at_ms);
  fields_.Update(position, {field, key.hash}, old_bytes);
  if (!expires) [[likely]]
    return;
  if (!expired_before) return AddDeadline(field);
  deadlines_->Replace(place, field);
  DeadlinesChanged();
}

void HashObject::AddDeadline(HashField* field) {
  if (!deadlines_) deadlines_ = std::make_unique<FieldDeadlines>();
  deadlines_->Add(field);
  DeadlinesChanged();
}

void HashObject::RemoveDeadline(uint32_t place) {
  deadlines_->Remove(place);
  DeadlinesChanged();
}

void HashObject::DeadlinesChanged() {
  if (deadlines_->size() == 0) deadlines_.reset();
  next_deadline_ms_ = deadlines_ ? deadlines_->first()->expire_at_ms() : kNoExpiry;
}

bool HashObject::Erase(std::string_view name) {
  const FieldEntries::Key key = KeyOf(name);
  const auto position = fields_.Find(key);
  if (!position) return false;
  if (position->expires()) RemoveDeadline(position->field()->place());
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
  int64_t next_ms = kNoExpiry;
  ForEach([&](const HashField& field) {
    if (!field.expires()) return;
    ++expiring;
    if (next_ms == kNoExpiry || field.expire_at_ms() < next_ms) next_ms = field.expire_at_ms();
  });
  Require(expiring == expiring_size(), "hash object: the number of expiring fields is wrong");
  Require(next_ms == next_deadline_ms_, "hash object: the next deadline is wrong");
  Require((deadlines_ != nullptr) == (expiring != 0), "hash object: the deadlines are kept for no field");
  if (deadlines_) deadlines_->CheckInvariants();
}

}  // namespace corral::storage
