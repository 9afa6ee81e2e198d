#include "storage/types/set_member.h"

#include <new>

#include "storage/base/allocation.h"

namespace corral::storage {

SetMember* SetMember::Create(std::string_view text) {
  const size_t header_size = HeaderSize(text.size());
  auto* bytes = static_cast<char*>(::operator new(SizeClass(header_size + text.size())));
  *bytes = static_cast<char>(header_size == 1 ? text.size() : kWide);
  if (header_size != 1) {
    const uint64_t size = text.size();
    std::memcpy(bytes + 1, &size, sizeof size);
  }
  if (!text.empty()) std::memcpy(bytes + header_size, text.data(), text.size());
  return reinterpret_cast<SetMember*>(bytes);
}

void SetMember::Destroy(SetMember* member) { FreeSized(member, member->allocated_bytes()); }

size_t SetMember::allocated_bytes() const {
  const size_t text_size = text().size();
  return SizeClass(HeaderSize(text_size) + text_size);
}

}  // namespace corral::storage
