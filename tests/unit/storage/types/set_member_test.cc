// Members of a large set that lie outside their slot.
#include "storage/types/set_member.h"

#include <doctest/doctest.h>

#include <string>

namespace corral::storage {
namespace {

TEST_CASE("set member: a text of any length is read as it was written, in the least class") {
  struct {
    size_t size, bytes;
  } cases[] = {{0, 16}, {1, 16}, {15, 16}, {16, 32}, {254, 256}, {255, 320}, {256, 320}, {100'000, 114'688}};
  for (const auto& c : cases) {
    const std::string text(c.size, 'x');
    SetMember* member = SetMember::Create(text);
    CHECK(member->text() == text);
    CHECK(member->allocated_bytes() == c.bytes);
    SetMember::Destroy(member);
  }
}

}  // namespace
}  // namespace corral::storage
