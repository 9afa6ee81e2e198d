#include "storage/types/stream/stream_nodes.h"

#include <algorithm>
#include <cstring>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"

namespace corral::storage {

StreamNodes::~StreamNodes() {
  if (sole_ != nullptr) StreamNode::Destroy(sole_);
  for (auto at = tree_.begin(); at != tree_.end(); ++at) StreamNode::Destroy(*at);
}

StreamNodes::Tree::Iterator StreamNodes::Behind(StreamId id) const {
  return tree_.LowerBound(id.prefix(), [id](const StreamNode* node) { return node->id() <= id; });
}

StreamNode* StreamNodes::First() const { return tree_.empty() ? sole_ : *tree_.begin(); }

StreamNode* StreamNodes::Last() const { return tree_.empty() ? sole_ : *--tree_.end(); }

StreamNode* StreamNodes::Floor(StreamId id) const {
  if (tree_.empty()) return sole_ != nullptr && sole_->id() <= id ? sole_ : nullptr;
  auto at = Behind(id);
  return at == tree_.begin() ? nullptr : *--at;
}

StreamNode* StreamNodes::After(const StreamNode* node) const {
  const auto at = Behind(node->id());
  return at == tree_.end() ? nullptr : *at;
}

StreamNode* StreamNodes::Before(const StreamNode* node) const {
  const auto previous = node->id().Previous();
  return previous ? Floor(*previous) : nullptr;
}

StreamNode* StreamNodes::Append(StreamId id, std::string_view packed) {
  StreamNode* node = StreamNode::Create(id, packed);
  node_bytes_ += node->allocated_bytes();
  if (count() == 0) return sole_ = node;
  if (sole_ != nullptr) {
    tree_.Insert(tree_.end(), sole_);
    sole_ = nullptr;
  }
  tree_.Insert(tree_.end(), node);
  return node;
}

void StreamNodes::Erase(StreamNode* node) {
  node_bytes_ -= node->allocated_bytes();
  if (node == sole_) {
    sole_ = nullptr;
  } else {
    tree_.Erase(--Behind(node->id()));
  }
  StreamNode::Destroy(node);
}

void StreamNodes::CheckInvariants() const {
  Require(sole_ == nullptr || tree_.empty(), "stream nodes: a sole one beside others");
  tree_.CheckInvariants([](const StreamNode* a, const StreamNode* b) { return a->id() < b->id(); });
  size_t bytes = 0;
  for (const StreamNode* node = First(); node != nullptr; node = After(node)) {
    bytes += node->allocated_bytes();
    Require(StreamNode::Valid(node->id(), node->packed()), "stream nodes: the bytes of a node");
  }
  Require(bytes == node_bytes_, "stream nodes: allocated bytes");
}

StreamNodes::Edit::Edit(StreamNodes& nodes, StreamNode* node) : nodes_(nodes), node_(node) {
  data_ = node->bytes();
  size_ = node->packed().size();
}

void StreamNodes::Edit::Resize(size_t size) {
  const size_t held = SizeClass(StreamNode::kHeaderBytes + size_);
  const size_t wanted = SizeClass(StreamNode::kHeaderBytes + size);
  if (wanted != held) {
    auto* memory = static_cast<char*>(::operator new(wanted));
    std::memcpy(memory, node_, StreamNode::kHeaderBytes + std::min(size_, size));
    auto* moved = reinterpret_cast<StreamNode*>(memory);
    if (nodes_.sole_ != nullptr) {
      nodes_.sole_ = moved;
    } else {
      nodes_.tree_.Relocate(--nodes_.Behind(moved->id()), moved);
    }
    FreeSized(node_, held);
    nodes_.node_bytes_ += wanted - held;
    node_ = moved;
    data_ = moved->bytes();
  }
  size_ = size;
}

}  // namespace corral::storage
