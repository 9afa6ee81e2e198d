#include "storage/types/list.h"

#include <memory>
#include <string>
#include <utility>

#include "storage/types/list_object.h"
#include "storage/types/packed_list.h"

namespace corral::storage {

void List::Expect(size_t elements, size_t bytes) {
  if (!slot_.packed()) return;
  const PackedList list(slot_.view());
  if (limit_.Admits(list.bytes() + bytes, list.count() + elements) && bytes < limit_.large_element_bytes)
    return;
  auto large = std::make_unique<ListObject>(limit_);
  if (!list.empty()) large->AppendPacked(slot_.view());
  slot_.Become(std::move(large));
}

void List::Insert(uint64_t index, std::string_view text) {
  if (!slot_.packed()) return slot_.as<ListObject>().Insert(index, text);
  PackedList::Insert(slot_, PackedList(slot_.view()).At(index), PackedElement(text));
}

void List::Set(uint64_t index, std::string_view text) {
  if (slot_.packed()) {
    PackedList::Replace(slot_, PackedList(slot_.view()).At(index), PackedElement(text));
    return;
  }
  slot_.as<ListObject>().Set(index, text);
  Shrink();
}

void List::Erase(uint64_t first, uint64_t count) {
  if (slot_.packed()) return PackedList::Erase(slot_, PackedList(slot_.view()).At(first), count);
  slot_.as<ListObject>().Erase(first, count);
  Shrink();
}

uint64_t List::Remove(std::string_view text, uint64_t most, bool from_end) {
  if (slot_.packed()) return RemoveEqual(slot_, text, most, from_end);
  const uint64_t removed = slot_.as<ListObject>().Remove(text, most, from_end);
  if (removed > 0) Shrink();
  return removed;
}

void List::Shrink() {
  const auto& list = slot_.as<ListObject>();
  if (list.node_count() != 1) return;
  const ListNode& node = **list.nodes().begin();
  if (node.is_large() || !limit_.Half().Admits(node.packed().size(), node.count())) return;
  const std::string bytes(node.packed());
  slot_.Become(PackedForm::kList, bytes);
}

}  // namespace corral::storage
