// A list that is changed, whatever its form.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/types/list_node.h"
#include "storage/types/value.h"

namespace corral::storage {

// Works on a slot that holds a list, packed or a ListObject, and turns one into the other where Redis 7.2
// and later do. Under the lock of the key's shard. No text may lie in the list itself.
class List {
 public:
  List(ValueSlot& slot, const ListNodeLimit& limit) : slot_(slot), limit_(limit) {}

  uint64_t size() const { return slot_.value().size(); }
  ValueView value() const { return slot_.value(); }

  // Before elements of so many bytes of text come in: a packed list that the limit does not admit with them
  // becomes a large one, whether they come or not.
  void Expect(size_t elements, size_t bytes);
  // Puts the element, which was expected, in front of the one at `index`; size() appends.
  void Insert(uint64_t index, std::string_view text);
  void Set(uint64_t index, std::string_view text);  // expected too

  // Each leaves a packed list when half the limit admits what is left in one node.
  void Erase(uint64_t first, uint64_t count);
  uint64_t Remove(std::string_view text, uint64_t most, bool from_end);  // ListObject::Remove

 private:
  void Shrink();

  ValueSlot& slot_;
  const ListNodeLimit limit_;
};

}  // namespace corral::storage
