#include "storage/types/list_cursor.h"

#include "storage/types/list_object.h"

namespace corral::storage {

ListCursor::ListCursor(const ValueView& list, uint64_t index) {
  if (list.packed()) {
    list_ = PackedList(list.bytes());
    at_ = list_.At(index);
    return;
  }
  nodes_ = &list.as<ListObject>().nodes();
  uint64_t within = 0;
  node_ = nodes_->At(index, &within);
  if (node_ == nodes_->end()) return;
  Show(false);
  if (large_ == nullptr) at_ = list_.At(within);
}

// The first or the last element of the node.
void ListCursor::Show(bool at_end) {
  const ListNode& node = **node_;
  large_ = node.is_large() ? &node.large() : nullptr;
  if (large_ != nullptr) return;
  list_ = node.list();
  at_ = at_end ? list_.Previous(list_.end()) : list_.begin();
}

ListElement ListCursor::operator*() const {
  if (large_ != nullptr) return {{}, large_};
  return {list_[at_], nullptr};
}

void ListCursor::Next() {
  if (large_ == nullptr) {
    at_ = list_.Next(at_);
    if (at_ != list_.end()) return;
  }
  if (nodes_ != nullptr && ++node_ != nodes_->end()) Show(false);
}

void ListCursor::Previous() {
  if (large_ == nullptr && at_ != list_.begin()) {
    at_ = list_.Previous(at_);
  } else if (nodes_ != nullptr && node_ != nodes_->begin()) {
    --node_;
    Show(true);
  }
}

}  // namespace corral::storage
