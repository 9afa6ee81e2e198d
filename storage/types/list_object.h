// The large list: packed lists in an order that finds them by the index of their elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/types/list_node.h"
#include "storage/types/object.h"

namespace corral::storage {

// Nodes within a ListNodeLimit, in a counted tree. n: nodes, about one for 450 elements of 16 bytes.
//
// Invariants: no node is empty; a packed one of several elements is within the limit, unless it came as a
// whole (AppendPacked). One change rewrites the nodes at its place and moves no other element: a node that
// has no room is split where the element goes, and two neighbours that fill three quarters of one join. The
// first and the last node do not join for what is taken at the ends, where they go soon anyway.
class ListObject final : public Object {
 public:
  explicit ListObject(const ListNodeLimit& limit) : limit_(limit) {}
  ~ListObject() override;

  ValueType type() const override { return ValueType::kList; }
  Encoding encoding() const override { return Encoding::kQuicklist; }
  size_t size() const override { return nodes_.weight(); }
  size_t allocated_bytes() const override { return sizeof *this + nodes_.allocated_bytes() + node_bytes_; }
  size_t effort_to_free() const override { return node_count_; }
  std::unique_ptr<Object> Clone() const override;
  void Save(ValueSink& sink) const override;

  const ListNodes& nodes() const { return nodes_; }  // in order; not to be changed
  size_t node_count() const { return node_count_; }

  // Puts a node of these elements behind the last one: a packed list that becomes a large one.
  void AppendPacked(std::string_view packed);
  // Puts the element in front of the one at `index`; size() appends. O(log n). The text stays the caller's.
  void Insert(uint64_t index, std::string_view text);
  void Set(uint64_t index, std::string_view text);  // O(log n)
  void Erase(uint64_t first, uint64_t count);       // as many as there are; O(log n) for each node emptied
  // Takes out elements that equal `text`, at most `most`, from the first on or from the last backwards.
  // Returns how many. O(elements).
  uint64_t Remove(std::string_view text, uint64_t most, bool from_end);

  void CheckInvariants() const;  // aborts with a message

 private:
  using Place = ListNodes::Iterator;
  class NodeBuffer;

  // A node, and a position between elements of it.
  struct Gap {
    Place node;
    uint64_t within;  // elements before it
  };

  Place Add(Place before, ListNode* node);
  Place Drop(Place at);  // returns the place behind it
  bool IsLarge(std::string_view text, const PackedElement& element) const {
    return PackedList::kEmptyBytes + element.size() > limit_.bytes ||
           text.size() >= limit_.large_element_bytes;
  }
  bool HasRoom(const ListNode& node, const PackedElement& element) const;
  // Where an element at `index` goes into a packed list; a node without room if there is none.
  Gap GapAt(uint64_t index, const PackedElement& element) const;
  void InsertNode(uint64_t index, ListNode* node);
  void EraseWithin(Place at, PackedList::Position from, uint64_t count);
  uint64_t RemoveWithin(Place at, std::string_view text, uint64_t most, bool from_end);
  // Parts a node in two; returns the later one's place.
  Place Split(Place at, uint64_t within);
  // The node and the one before it become one if both fit well. Returns where its elements are then.
  Place Join(Place at);
  // The same for a node and both neighbours; and for the first or the last `count` nodes.
  void JoinAround(Place at);
  void JoinVisited(size_t count, bool from_end);

  ListNodes nodes_;
  const ListNodeLimit limit_;
  size_t node_count_ = 0;
  size_t node_bytes_ = 0;
};

// The same for a packed list, wherever it lies.
uint64_t RemoveEqual(PackedBuffer& buffer, std::string_view text, uint64_t most, bool from_end);

}  // namespace corral::storage
