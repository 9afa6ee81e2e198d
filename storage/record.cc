#include "storage/record.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "storage/base/allocation.h"

namespace corral::storage {

namespace {

// How much more than asked a growing large value gets, so that appending is linear in all.
size_t GrownCapacity(size_t size) { return size + size / 4; }

}  // namespace

// The lengths of a record to be, and what follows from them.
struct Record::Shape {
  uint8_t flags;
  size_t key_size;
  size_t payload_size;

  Shape(Kind kind, size_t key_size, size_t payload_size, const Lifetime& lifetime)
      : flags(static_cast<uint8_t>(static_cast<unsigned>(kind) | (lifetime.expires() ? kHasExpiry : 0u) |
                                   (lifetime.refreshed() ? kHasRefresh : 0u) |
                                   (key_size > 255 ? kWideKey : 0u) |
                                   (payload_size > 255 ? kWidePayload : 0u))),
        key_size(key_size),
        payload_size(payload_size) {}
  size_t size() const { return KeyOffset(flags) + key_size + payload_size; }
};

// ---- Value ----

Record::Value Record::Value::Of(std::string_view text, bool try_integer, bool raw) {
  Value value;
  int64_t number;
  if (try_integer && !raw && text.size() < kIntegerDigits && !text.empty() &&
      static_cast<unsigned char>(text[0]) <= '9' && ParseInt64(text, &number)) {
    value.SetInteger(number);
  } else if (text.size() >= kLargeValue) {
    value.kind_ = Kind::kLarge;
    value.large_ = SharedBytes::CopyOf(text);
  } else {
    value.kind_ = raw ? Kind::kRaw : Kind::kText;
    value.text_ = text;
  }
  return value;
}

Record::Value Record::Value::Of(SharedBytes text, bool try_integer, bool raw) {
  if (!text) return Of(std::string_view(), try_integer, raw);
  if (text.size() < kLargeValue) {
    Value value = Of(text.view(), try_integer, raw);
    value.large_ = std::move(text);  // keeps the bytes that text_ views
    return value;
  }
  Value value;
  value.kind_ = Kind::kLarge;
  value.large_ = std::move(text);
  return value;
}

Record::Value Record::Value::Of(std::unique_ptr<Object> object) {
  Value value;
  value.kind_ = dynamic_cast<PackedObject*>(object.get()) == nullptr ? Kind::kObject : Kind::kPackedObject;
  value.object_ = std::move(object);
  return value;
}

Record::Value Record::Value::Of(PackedForm form, std::string_view bytes) {
  if (bytes.size() >= kLargeValue) return Of(std::make_unique<PackedObject>(form, bytes));
  Value value;
  value.kind_ = KindOf(form);
  value.text_ = bytes;
  return value;
}

Record::Value Record::Value::TakenFrom(Record* source) {
  if (!source->has_remains()) return Of(*source);
  Value value;
  value.kind_ = source->kind();
  Remains remains = source->TakeRemains();
  value.large_ = std::move(remains.large);
  value.object_ = std::move(remains.object);
  return value;
}

Record::Value Record::Value::Of(const Record& source) {
  if (const Object* object = source.object()) return Of(object->Clone());
  Value value;
  value.kind_ = source.kind();
  if (value.kind_ == Kind::kLarge) {
    value.large_ = source.Large();
  } else if (value.kind_ == Kind::kInteger) {
    value.SetInteger(source.integer());
  } else {
    value.text_ = source.payload();
  }
  return value;
}

void Record::Value::SetInteger(int64_t number) {
  kind_ = Kind::kInteger;
  integer_size_ = number == static_cast<int8_t>(number)    ? 1
                  : number == static_cast<int16_t>(number) ? 2
                  : number == static_cast<int32_t>(number) ? 4
                                                           : 8;
  const auto bits = static_cast<uint64_t>(number);
  for (size_t i = 0; i < sizeof integer_; ++i) integer_[i] = static_cast<char>(bits >> (8 * i));
}

std::string_view Record::Value::payload() const {
  if (kind_ == Kind::kInteger) return {integer_, integer_size_};
  return text_;
}

size_t Record::Value::bytes() const {
  if (kind_ == Kind::kLarge) return large_.size();
  return object_ != nullptr ? object_->allocated_bytes() : payload().size();
}

void* Record::Value::ReleasePointer() { return kind_ == Kind::kLarge ? large_.Release() : object_.release(); }

// ---- Reading ----

Encoding Record::encoding() const {
  switch (kind()) {
    case Kind::kInteger:
      return Encoding::kInt;
    case Kind::kText:
      return payload_size() <= kMaxEmbstr ? Encoding::kEmbstr : Encoding::kRaw;
    case Kind::kRaw:
    case Kind::kLarge:
      return Encoding::kRaw;
    default:
      return value().encoding();
  }
}

int64_t Record::fresh_until_ms() const {
  if (!(flags() & kHasRefresh)) return kAlwaysFresh;
  uint64_t ms = 0;
  std::memcpy(&ms, refresh_bytes(), kFreshBytes);
  return ms > static_cast<uint64_t>(kLastFreshMs) ? kAlwaysFresh : static_cast<int64_t>(ms);
}

uint32_t Record::cost_us() const {
  if (!(flags() & kHasRefresh)) return 0;
  uint32_t us;
  std::memcpy(&us, refresh_bytes() + kFreshBytes, kCostBytes);
  return us;
}

Lifetime Record::lifetime() const {
  Lifetime lifetime(expire_at_ms());
  if (flags() & kHasRefresh) {
    lifetime.fresh_until_ms = fresh_until_ms();
    lifetime.cost_us = cost_us();
  }
  return lifetime;
}

void* Record::pointer() const {
  void* raw;
  std::memcpy(&raw, payload().data(), sizeof raw);
  return raw;
}

Object* Record::object() const {
  if (kind() == Kind::kObject) return static_cast<Object*>(pointer());
  return packed_object();
}

PackedObject* Record::packed_object() const {
  // What was made from an Object's address.
  return kind() == Kind::kPackedObject ? static_cast<PackedObject*>(static_cast<Object*>(pointer()))
                                       : nullptr;
}

ValueView Record::value() const {
  if (kind() >= Kind::kPacked) return {form(), payload()};
  if (const PackedObject* packed = packed_object()) return packed->value();
  return ValueView(*object());
}

SharedBytes Record::Large() const {
  if (kind() != Kind::kLarge) return {};
  SharedBytes owned = SharedBytes::Adopt(pointer());
  SharedBytes copy = owned;
  owned.Release();
  return copy;
}

int64_t Record::integer() const {
  const std::string_view bytes = payload();
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes.size(); ++i) bits |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  const int unused = 64 - 8 * static_cast<int>(bytes.size());
  return static_cast<int64_t>(bits << unused) >> unused;
}

std::string_view Record::StringElsewhere(IntegerText& scratch) const {
  if (kind() == Kind::kInteger) return {scratch.digits, FormatInt64(integer(), scratch.digits)};
  SharedBytes owned = SharedBytes::Adopt(pointer());
  const std::string_view view = owned.view();
  owned.Release();
  return view;
}

size_t Record::string_size() const {
  IntegerText scratch;
  return String(scratch).size();
}

size_t Record::allocated_bytes() const {
  return SizeClass(size()) + (kind() == Kind::kLarge ? Large().allocated_bytes()
                              : has_remains()        ? object()->allocated_bytes()
                                                     : 0);
}

// ---- Allocation ----

Record* Record::AllocateRecord(size_t size) { return static_cast<Record*>(::operator new(SizeClass(size))); }

void Record::FreeRecord(Record* record, size_t size) { FreeSized(record, SizeClass(size)); }

void Record::WriteHeader(const Shape& shape, const Lifetime& lifetime) {
  char* at = bytes();
  *at++ = static_cast<char>(shape.flags);
  if (shape.flags & kWideKey) {
    const auto size = static_cast<uint64_t>(shape.key_size);
    std::memcpy(at, &size, sizeof size);
    at += sizeof size;
  } else {
    *at++ = static_cast<char>(shape.key_size);
  }
  if (shape.flags & kWidePayload) {
    const auto size = static_cast<uint16_t>(shape.payload_size);
    std::memcpy(at, &size, sizeof size);
    at += sizeof size;
  } else {
    *at++ = static_cast<char>(shape.payload_size);
  }
  if (shape.flags & kHasRefresh) [[unlikely]] {
    const int64_t fresh_until_ms = std::min(lifetime.fresh_until_ms, kLastFreshMs);
    std::memcpy(at, &fresh_until_ms, kFreshBytes);
    std::memcpy(at + kFreshBytes, &lifetime.cost_us, kCostBytes);
    at += kFreshBytes + kCostBytes;
  }
  if (shape.flags & kHasExpiry) std::memcpy(at, &lifetime.expire_at_ms, kExpiryBytes);
}

Record* Record::Create(std::string_view key, Value value, const Lifetime& lifetime) {
  void* raw = nullptr;
  std::string_view payload = value.payload();
  if (value.has_pointer()) {
    raw = value.ReleasePointer();
    payload = {reinterpret_cast<const char*>(&raw), sizeof raw};
  }
  const Shape shape(value.kind_, key.size(), payload.size(), lifetime);
  Record* record = AllocateRecord(shape.size());
  record->WriteHeader(shape, lifetime);
  char* at = record->bytes() + KeyOffset(shape.flags);
  std::memcpy(at, key.data(), key.size());
  if (!payload.empty()) std::memcpy(at + key.size(), payload.data(), payload.size());
  return record;
}

Record* Record::Assign(Record* record, Value value, const Lifetime& lifetime, Remains* old) {
  if (record->has_remains()) [[unlikely]]
    *old = record->TakeRemains();
  const size_t size = record->size();
  const size_t payload_size = value.has_pointer() ? sizeof(void*) : value.payload().size();
  const Shape shape(value.kind_, record->key_size(), payload_size, lifetime);
  // A change of the header's length moves the key, over bytes that the value may be a view of.
  if (KeyOffset(shape.flags) != record->key_offset() || SizeClass(shape.size()) != SizeClass(size)) {
    Record* moved = Create(record->key(), std::move(value), lifetime);
    FreeRecord(record, size);
    return moved;
  }
  if (value.has_pointer()) {
    void* raw = value.ReleasePointer();
    std::memcpy(record->payload_data(), &raw, sizeof raw);
  } else if (payload_size != 0) {
    std::memmove(record->payload_data(), value.payload().data(), payload_size);
  }
  record->WriteHeader(shape, lifetime);
  return record;
}

Record* Record::SetLifetime(Record* record, const Lifetime& lifetime) {
  const size_t old_size = record->size();
  const size_t payload_size = record->payload_size();
  const Shape shape(record->kind(), record->key_size(), payload_size, lifetime);
  Record* target = record;
  const char* old_key = record->key().data();
  if (SizeClass(shape.size()) != SizeClass(old_size)) target = AllocateRecord(shape.size());
  std::memmove(target->bytes() + KeyOffset(shape.flags), old_key, shape.key_size + payload_size);
  target->WriteHeader(shape, lifetime);
  if (target != record) FreeRecord(record, old_size);
  return target;
}

Record* Record::Resize(Record* record, size_t size) {
  if (record->kind() == Kind::kRaw && size == record->payload_size()) return record;
  const Lifetime lifetime = record->lifetime();
  if (record->kind() == Kind::kLarge && size >= kLargeValue) {
    SharedBytes large = record->ReleaseLarge();
    const size_t old_size = large.size();
    if (!large.unique() || size > large.capacity())
      large.Reserve(size > old_size ? GrownCapacity(size) : size);
    if (size > old_size) std::memset(large.data() + old_size, 0, size - old_size);
    large.SetSize(size);
    void* raw = large.Release();
    std::memcpy(record->payload_data(), &raw, sizeof raw);
    return record;
  }
  IntegerText scratch;
  const std::string_view text = record->String(scratch);
  Remains old;
  if (size >= kLargeValue) {
    SharedBytes large = SharedBytes::Allocate(GrownCapacity(size));
    if (!text.empty()) std::memcpy(large.data(), text.data(), text.size());
    std::memset(large.data() + text.size(), 0, size - text.size());
    large.SetSize(size);
    return Assign(record, Value::Of(std::move(large), false, true), lifetime, &old);
  }
  if (size <= text.size()) {
    SharedBytes keep = record->Large();
    return Assign(record, Value::Of(text.substr(0, size), false, true), lifetime, &old);
  }
  const size_t old_size = record->size();
  const size_t text_size = text.size();
  const Shape shape(Kind::kRaw, record->key_size(), size, lifetime);
  Record* target = record;
  if (KeyOffset(shape.flags) != record->key_offset() || SizeClass(shape.size()) != SizeClass(old_size)) {
    target = AllocateRecord(shape.size());
    std::memcpy(target->bytes() + KeyOffset(shape.flags), record->key().data(), shape.key_size);
  }
  char* data = target->bytes() + KeyOffset(shape.flags) + shape.key_size;
  if (text_size != 0) std::memmove(data, text.data(), text_size);
  std::memset(data + text_size, 0, size - text_size);
  target->WriteHeader(shape, lifetime);
  if (target != record) FreeRecord(record, old_size);
  return target;
}

Record* Record::CreatePacked(std::string_view key, PackedForm form, size_t size) {
  const Lifetime lifetime;
  const Shape shape(KindOf(form), key.size(), size, lifetime);
  Record* record = AllocateRecord(shape.size());
  record->WriteHeader(shape, lifetime);
  std::memcpy(record->bytes() + KeyOffset(shape.flags), key.data(), key.size());
  return record;
}

bool Record::HasRoomFor(size_t size) const {
  const size_t wide_before = flags() & kWidePayload ? 1 : 0, wide = size > 255 ? 1 : 0;
  const size_t length = this->size() - wide_before - payload_size() + wide + size;
  return SizeClass(length) == SizeClass(this->size());
}

Record* Record::ResizePacked(Record* record, size_t size) {
  const size_t old_size = record->size();
  const size_t kept = std::min(record->payload_size(), size);
  const Lifetime lifetime = record->lifetime();
  const Shape shape(record->kind(), record->key_size(), size, lifetime);
  Record* target = record;
  const char* old_key = record->key().data();
  if (SizeClass(shape.size()) != SizeClass(old_size)) target = AllocateRecord(shape.size());
  if (target != record || KeyOffset(shape.flags) != record->key_offset()) {
    std::memmove(target->bytes() + KeyOffset(shape.flags), old_key, shape.key_size + kept);
  }
  target->WriteHeader(shape, lifetime);
  if (target != record) FreeRecord(record, old_size);
  return target;
}

Record* Record::SetExpiry(Record* record, int64_t expire_at_ms) {
  Lifetime lifetime = record->lifetime();
  lifetime.expire_at_ms = expire_at_ms;
  return SetLifetime(record, lifetime);
}

char* Record::text_data() {
  if (kind() != Kind::kLarge) return payload_data();
  SharedBytes owned = SharedBytes::Adopt(pointer());
  char* data = owned.data();
  owned.Release();
  return data;
}

SharedBytes Record::ReleaseLarge() {
  if (kind() != Kind::kLarge) return {};
  SharedBytes large = SharedBytes::Adopt(pointer());
  std::memset(payload_data(), 0, sizeof(void*));
  return large;
}

Remains Record::TakeRemains() {
  Remains remains;
  if (!has_remains()) [[likely]]
    return remains;
  if (kind() == Kind::kLarge) {
    remains.large = ReleaseLarge();
  } else {
    remains.object.reset(object());
    std::memset(payload_data(), 0, sizeof(void*));
  }
  return remains;
}

void Record::Destroy(Record* record) {
  const size_t size = record->size();
  if (record->has_remains()) [[unlikely]]
    record->TakeRemains();
  FreeRecord(record, size);
}

bool Record::PayloadFits() const {
  switch (kind()) {
    case Kind::kText:
    case Kind::kRaw:
      return payload_size() < kLargeValue;
    case Kind::kInteger:
      return std::has_single_bit(payload_size()) && payload_size() <= 8;
    case Kind::kLarge:
      return payload_size() == sizeof(void*) && string_size() >= kLargeValue;
    case Kind::kObject:
    case Kind::kPackedObject:
      return payload_size() == sizeof(void*) && object() != nullptr && value().size() != 0;
    default:
      return form() <= PackedForm::kZset && payload_size() < kLargeValue && Valid(form(), payload()) &&
             !IsEmpty(form(), payload());
  }
}

void Record::CheckInvariants() const {
  const bool lengths = (payload_size() > 255) == ((flags() & kWidePayload) != 0) &&
                       (key_size() > 255) == ((flags() & kWideKey) != 0);
  if (lengths && PayloadFits()) return;
  std::fprintf(stderr, "record: flags %02x, key of %zu bytes, payload of %zu\n", flags(), key_size(),
               payload_size());
  std::abort();
}

}  // namespace corral::storage
