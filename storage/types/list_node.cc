#include "storage/types/list_node.h"

#include <algorithm>
#include <new>
#include <utility>

#include "storage/base/allocation.h"

namespace corral::storage {

// A packed list of elements that are counted stays within this.
constexpr size_t kCountedBytes = 8192;
// Redis's bound. No packed list of so many bytes has more.
constexpr int kMostElements = 32767;

ListNodeLimit ListNodeLimit::Of(int setting) {
  if (setting < 0) return {size_t{2048} << -std::max(setting, -5), SIZE_MAX};
  return {kCountedBytes, static_cast<size_t>(std::clamp(setting, 1, kMostElements))};
}

size_t ListNode::allocated_bytes() const {
  if (is_large()) return SizeClass(kLargeBytes) + large().allocated_bytes();
  return SizeClass(packed().size());
}

ListNode* ListNode::Create(std::string_view packed) {
  void* memory = ::operator new(SizeClass(packed.size()));
  std::memcpy(memory, packed.data(), packed.size());
  return static_cast<ListNode*>(memory);
}

ListNode* ListNode::Create(const PackedElement& element) {
  const auto size = static_cast<uint32_t>(PackedList::kEmptyBytes + element.size());
  constexpr uint16_t kOne = 1;
  char* memory = static_cast<char*>(::operator new(SizeClass(size)));
  std::memcpy(memory, &size, sizeof size);
  std::memcpy(memory + sizeof size, &kOne, sizeof kOne);
  *element.Write(memory + PackedList::kHeaderBytes) = PackedList::kEmpty[PackedList::kEmptyBytes - 1];
  return reinterpret_cast<ListNode*>(memory);
}

ListNode* ListNode::Create(SharedBytes large) {
  char* memory = static_cast<char*>(::operator new(SizeClass(kLargeBytes)));
  std::memset(memory, 0, kLargeOffset);
  new (memory + kLargeOffset) SharedBytes(std::move(large));
  return reinterpret_cast<ListNode*>(memory);
}

ListNode* ListNode::Clone(const ListNode& node) {
  return node.is_large() ? Create(node.large()) : Create(node.packed());
}

void ListNode::Destroy(ListNode* node) {
  if (!node->is_large()) return FreeSized(node, SizeClass(node->packed().size()));
  reinterpret_cast<SharedBytes*>(node->bytes() + kLargeOffset)->~SharedBytes();
  FreeSized(node, SizeClass(kLargeBytes));
}

}  // namespace corral::storage
