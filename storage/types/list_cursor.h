// A place in a list that is read, whatever its form.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/types/list_node.h"
#include "storage/types/packed_list.h"
#include "storage/types/value.h"

namespace corral::storage {

// An element as it lies in its list; valid until the list changes.
struct ListElement {
  PackedList::Element packed;
  const SharedBytes* large = nullptr;  // of an element in a node of its own

  std::string_view Text(IntegerText& scratch) const {
    return large != nullptr ? large->view() : packed.Text(scratch);
  }
  bool operator==(std::string_view other) const {
    return large != nullptr ? large->view() == other : packed == other;
  }
};

// Walks both ways, a step O(1); void after a change of the list. The caller counts the steps: behind the last
// element, and before the first, the cursor may stand and not be read.
class ListCursor {
 public:
  ListCursor(const ValueView& list, uint64_t index);  // index < list.size(); O(log n)

  ListElement operator*() const;
  void Next();
  void Previous();

 private:
  void Show(bool at_end);

  const ListNodes* nodes_ = nullptr;  // null: a packed list is all there is
  ListNodes::Iterator node_;
  const SharedBytes* large_ = nullptr;
  PackedList list_{std::string_view()};
  PackedList::Position at_ = 0;
};

}  // namespace corral::storage
