#include "storage/types/list_object.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"
#include "storage/types/list_cursor.h"

namespace corral::storage {

// A node's packed list while it is changed. The node's place must not change meanwhile.
class ListObject::NodeBuffer final : public PackedBuffer {
 public:
  NodeBuffer(ListObject& list, Place at) : list_(list), at_(at) {
    data_ = (*at)->bytes();
    size_ = (*at)->packed().size();
  }

 private:
  void Resize(size_t size) override {
    const size_t held = SizeClass(size_), wanted = SizeClass(size);
    if (wanted != held) {
      auto* moved = static_cast<char*>(::operator new(wanted));
      std::memcpy(moved, data_, std::min(size_, size));
      FreeSized(data_, held);
      data_ = moved;
      list_.nodes_.Relocate(at_, reinterpret_cast<ListNode*>(moved));
      list_.node_bytes_ += wanted - held;
    }
    size_ = size;
  }

  ListObject& list_;
  const Place at_;
};

ListObject::~ListObject() {
  for (Place at = nodes_.begin(); at != nodes_.end(); ++at) ListNode::Destroy(*at);
}

std::unique_ptr<Object> ListObject::Clone() const {
  auto clone = std::make_unique<ListObject>(limit_);
  for (Place at = nodes_.begin(); at != nodes_.end(); ++at) {
    clone->Add(clone->nodes_.end(), ListNode::Clone(**at));
  }
  return clone;
}

void ListObject::Save(ValueSink& sink) const {
  IntegerText scratch;
  ListCursor cursor(ValueView(*this), 0);
  for (size_t left = size(); left > 0; --left, cursor.Next()) {
    const std::string_view text = (*cursor).Text(scratch);
    sink.Element({&text, 1});
  }
}

ListObject::Place ListObject::Add(Place before, ListNode* node) {
  ++node_count_;
  node_bytes_ += node->allocated_bytes();
  return nodes_.Insert(before, node);
}

ListObject::Place ListObject::Drop(Place at) {
  ListNode* node = *at;
  --node_count_;
  node_bytes_ -= node->allocated_bytes();
  const Place next = nodes_.Erase(at);
  ListNode::Destroy(node);
  return next;
}

void ListObject::AppendPacked(std::string_view packed) { Add(nodes_.end(), ListNode::Create(packed)); }

bool ListObject::HasRoom(const ListNode& node, const PackedElement& element) const {
  return !node.is_large() && limit_.Admits(node.packed().size() + element.size(), node.count() + 1);
}

ListObject::Place ListObject::Join(Place at) {
  if (at == nodes_.begin()) return at;
  Place previous = at;
  --previous;
  const ListNode &node = **at, &before = **previous;
  if (node.is_large() || before.is_large()) return at;
  const size_t bytes = before.packed().size() + node.packed().size() - PackedList::kEmptyBytes;
  const size_t count = before.count() + node.count();
  if (!limit_.Admits(bytes + bytes / 3, count + count / 3)) return at;
  NodeBuffer buffer(*this, previous);
  PackedList::AppendAll(buffer, node.list());
  nodes_.Reweigh(previous, node.count());
  Place joined = Drop(at);
  return --joined;
}

void ListObject::JoinAround(Place at) {
  Place next = Join(at);
  if (++next != nodes_.end()) Join(next);
}

ListObject::Place ListObject::Split(Place at, uint64_t within) {
  const size_t position = (*at)->list().At(within);
  Place later = at;
  Place right = Add(++later, ListNode::Create((*at)->packed()));
  EraseWithin(right, PackedList::kHeaderBytes, within);
  Place left = right;
  --left;
  EraseWithin(left, static_cast<PackedList::Position>(position), (*left)->count() - within);
  return right;
}

ListObject::Gap ListObject::GapAt(uint64_t index, const PackedElement& element) const {
  if (index == size()) {
    Place last = nodes_.end();
    --last;
    return {last, (*last)->count()};
  }
  uint64_t within = 0;
  Place at = nodes_.At(index, &within);
  if (within > 0 || index == 0 || HasRoom(**at, element)) return {at, within};
  --at;
  return {at, (*at)->count()};
}

void ListObject::Insert(uint64_t index, std::string_view text) {
  const PackedElement element(text);
  if (IsLarge(text, element)) return InsertNode(index, ListNode::Create(SharedBytes::CopyOf(text)));
  if (!nodes_.empty()) {
    const Gap gap = GapAt(index, element);
    if (HasRoom(**gap.node, element)) {
      NodeBuffer buffer(*this, gap.node);
      PackedList::Insert(buffer, PackedList(buffer.view()).At(gap.within), element);
      nodes_.Reweigh(gap.node, 1);
      return;
    }
  }
  InsertNode(index, ListNode::Create(element));
}

void ListObject::InsertNode(uint64_t index, ListNode* node) {
  uint64_t within = 0;
  Place before = nodes_.At(index, &within);
  if (within > 0) before = Split(before, within);
  JoinAround(Add(before, node));
}

void ListObject::Set(uint64_t index, std::string_view text) {
  const PackedElement element(text);
  uint64_t within = 0;
  const Place at = nodes_.At(index, &within);
  const ListNode& node = **at;
  if (!node.is_large() && !IsLarge(text, element)) {
    const PackedList::Position position = node.list().At(within);
    const size_t bytes = node.packed().size() - node.list().ElementBytes(position) + element.size();
    if (limit_.Admits(bytes, node.count())) {
      NodeBuffer buffer(*this, at);
      return PackedList::Replace(buffer, position, element);
    }
  }
  Erase(index, 1);
  Insert(index, text);
}

void ListObject::EraseWithin(Place at, PackedList::Position from, uint64_t count) {
  NodeBuffer buffer(*this, at);
  PackedList::Erase(buffer, from, count);
  nodes_.Reweigh(at, -count);
}

void ListObject::Erase(uint64_t first, uint64_t count) {
  if (first >= size()) return;
  uint64_t left = std::min<uint64_t>(count, size() - first);
  while (left > 0) {
    uint64_t within = 0;
    const Place at = nodes_.At(first, &within);
    const uint64_t held = (*at)->count();
    const uint64_t erased = std::min(left, held - within);
    if (erased == held) {
      Drop(at);
    } else {
      EraseWithin(at, (*at)->list().At(within), erased);
    }
    left -= erased;
  }
  if (first > 0 && first < size()) JoinAround(nodes_.At(first));
}

uint64_t ListObject::Remove(std::string_view text, uint64_t most, bool from_end) {
  if (nodes_.empty()) return 0;
  uint64_t removed = 0;
  size_t kept = 0;  // nodes that were visited and are still there
  Place at = from_end ? nodes_.end() : nodes_.begin();
  if (from_end) --at;
  for (;;) {
    const uint64_t held = (*at)->count();
    const uint64_t taken = RemoveWithin(at, text, most - removed, from_end);
    removed += taken;
    if (taken == held) {
      at = Drop(at);
    } else {
      ++kept;
      if (!from_end) ++at;
    }
    if (removed == most || at == (from_end ? nodes_.begin() : nodes_.end())) break;
    if (from_end) --at;
  }
  if (removed > 0) JoinVisited(kept, from_end);
  return removed;
}

uint64_t ListObject::RemoveWithin(Place at, std::string_view text, uint64_t most, bool from_end) {
  if ((*at)->is_large()) return (*at)->large().view() == text;
  NodeBuffer buffer(*this, at);
  const uint64_t removed = RemoveEqual(buffer, text, most, from_end);
  nodes_.Reweigh(at, -removed);
  return removed;
}

void ListObject::JoinVisited(size_t count, bool from_end) {
  Place at = nodes_.begin();
  if (from_end) {
    at = nodes_.end();
    for (size_t i = 0; i < count; ++i) --at;
  }
  for (; count > 0; --count) {
    at = Join(at);
    ++at;
  }
}

uint64_t RemoveEqual(PackedBuffer& buffer, std::string_view text, uint64_t most, bool from_end) {
  uint64_t removed = 0;
  PackedList::Position at = PackedList(buffer.view()).begin();
  if (!from_end) {
    for (; removed < most; ++removed) {
      const PackedList list(buffer.view());
      at = list.Find(text, at);
      if (at == list.end()) break;
      PackedList::Erase(buffer, at, 1);
    }
    return removed;
  }
  at = PackedList(buffer.view()).end();
  while (removed < most && at != PackedList::kHeaderBytes) {
    const PackedList list(buffer.view());
    at = list.Previous(at);
    if (list[at] != text) continue;
    PackedList::Erase(buffer, at, 1);
    ++removed;
  }
  return removed;
}

void ListObject::CheckInvariants() const {
  nodes_.CheckInvariants([](const ListNode*, const ListNode*) { return true; });
  size_t count = 0, bytes = 0;
  for (Place at = nodes_.begin(); at != nodes_.end(); ++at) {
    const ListNode& node = **at;
    Require(node.count() > 0, "list: a node is empty");
    if (!node.is_large()) node.list().CheckInvariants();
    ++count;
    bytes += node.allocated_bytes();
  }
  Require(count == node_count_, "list: the number of nodes");
  Require(bytes == node_bytes_, "list: the bytes of the nodes");
}

}  // namespace corral::storage
