// The node of a large list: one allocation that is a packed list, or that points to one large element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/base/shared_bytes.h"
#include "storage/types/counted_tree.h"
#include "storage/types/packed_list.h"

namespace corral::storage {

// How much a node may hold, and a list that is packed into its record: what list-max-listpack-size says.
struct ListNodeLimit {
  size_t bytes;     // of the packed list
  size_t elements;  // SIZE_MAX: bytes alone decide
  // An element of so much text lies in a node of its own, though it would fit.
  size_t large_element_bytes = SIZE_MAX;

  // From the directive's value: -1 to -5 are 4, 8, 16, 32 and 64 KB; others a number of elements, which take
  // 8 KB at most.
  static ListNodeLimit Of(int setting);
  bool Admits(size_t of_bytes, size_t of_elements) const {
    return of_bytes <= bytes && of_elements <= elements;
  }
  // What a large list may have left to become a packed one again. Where elements are counted only these
  // halve.
  ListNodeLimit Half() const {
    if (elements == SIZE_MAX) return {bytes / 2, elements, large_element_bytes};
    return {bytes, elements / 2, large_element_bytes};
  }
};

// A view of a node's bytes; never constructed, only pointed at. Its owner is a ListObject.
//
//   | packed list |                      its first word is its length, which is never 0; or
//   | 0 4 | unused 4 | SharedBytes 8 |   one element that is too large for a packed list of the list's limit
//
// A packed one has the size class of its bytes, so that its length tells its room.
class ListNode {
 public:
  bool is_large() const {
    uint32_t word;
    std::memcpy(&word, this, sizeof word);
    return word == 0;
  }
  size_t count() const { return is_large() ? 1 : list().count(); }                     // O(1)
  PackedList list() const { return PackedList({bytes(), PackedList::kHeaderBytes}); }  // not of a large one
  std::string_view packed() const { return {bytes(), list().bytes()}; }                // the same
  char* bytes() { return reinterpret_cast<char*>(this); }
  const SharedBytes& large() const {  // requires is_large()
    return *reinterpret_cast<const SharedBytes*>(bytes() + kLargeOffset);
  }
  size_t allocated_bytes() const;  // with those of the large element

  ListNode() = delete;
  ListNode(const ListNode&) = delete;

  static ListNode* Create(std::string_view packed);
  static ListNode* Create(const PackedElement& element);
  static ListNode* Create(SharedBytes large);
  static ListNode* Clone(const ListNode& node);
  static void Destroy(ListNode* node);

 private:
  static constexpr size_t kLargeOffset = 8;
  static constexpr size_t kLargeBytes = kLargeOffset + sizeof(SharedBytes);

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
};

// A list's nodes in their order, found by the index of an element.
struct ListNodeItems {
  using Item = ListNode*;
  static uint32_t Weight(const ListNode* node) { return static_cast<uint32_t>(node->count()); }
};
using ListNodes = CountedTree<ListNodeItems>;

}  // namespace corral::storage
