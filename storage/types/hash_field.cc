#include "storage/types/hash_field.h"

#include <new>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"

namespace corral::storage {

namespace {

constexpr size_t kMaxNarrow = 255;

// An empty view may have no address, which memcpy must not be given.
void Copy(char* to, std::string_view from) {
  if (!from.empty()) std::memmove(to, from.data(), from.size());
}

}  // namespace

uint8_t HashField::FlagsOf(size_t name_size, size_t value_size, int64_t expire_at_ms) {
  return static_cast<uint8_t>((name_size > kMaxNarrow ? kWideName : 0) |
                              (value_size > kMaxNarrow ? kWideValue : 0) |
                              (expire_at_ms != kNoExpiry ? kHasExpiry : 0));
}

void HashField::WriteHeader(uint8_t flags, size_t name_size, size_t value_size, int64_t expire_at_ms) {
  char* at = bytes();
  *at++ = static_cast<char>(flags);
  const auto write_length = [&](uint64_t length, bool wide) {
    if (wide) {
      std::memcpy(at, &length, kWideBytes);
    } else {
      *at = static_cast<char>(length);
    }
    at += LengthSize(wide);
  };
  write_length(name_size, flags & kWideName);
  write_length(value_size, flags & kWideValue);
  if (flags & kHasExpiry) std::memcpy(at, &expire_at_ms, sizeof expire_at_ms);
}

HashField* HashField::Create(std::string_view name, std::string_view value, int64_t expire_at_ms) {
  const uint8_t flags = FlagsOf(name.size(), value.size(), expire_at_ms);
  const size_t header_size = HeaderSize(flags);
  auto* field = static_cast<HashField*>(::operator new(SizeClass(header_size + name.size() + value.size())));
  field->WriteHeader(flags, name.size(), value.size(), expire_at_ms);
  Copy(field->bytes() + header_size, name);
  Copy(field->bytes() + header_size + name.size(), value);
  return field;
}

HashField* HashField::Assign(HashField* field, std::string_view value, int64_t expire_at_ms) {
  const size_t name_size = field->name_size();
  const uint8_t flags = FlagsOf(name_size, value.size(), expire_at_ms);
  const size_t header_size = HeaderSize(flags);
  // Another length of the header moves the name, over bytes that the value may be a view of.
  if (header_size != HeaderSize(field->flags()) ||
      SizeClass(header_size + name_size + value.size()) != field->allocated_bytes()) {
    HashField* moved = Create(field->name(), value, expire_at_ms);
    Destroy(field);
    return moved;
  }
  Copy(field->bytes() + header_size + name_size, value);
  field->WriteHeader(flags, name_size, value.size(), expire_at_ms);
  return field;
}

void HashField::Destroy(HashField* field) { FreeSized(field, field->allocated_bytes()); }

size_t HashField::allocated_bytes() const { return SizeClass(size()); }

void HashField::CheckInvariants() const {
  Require(flags() == FlagsOf(name_size(), value_size(), expire_at_ms()), "hash field: the flags are wrong");
}

}  // namespace corral::storage
