// The nodes of a stream, in the order of their ids.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/types/counted_tree.h"
#include "storage/types/packed_buffer.h"
#include "storage/types/stream/stream_id.h"
#include "storage/types/stream/stream_node.h"

namespace corral::storage {

// Owns the nodes. A stream of one node has no tree, whose first leaf alone would be larger than a short
// stream. Every call is O(log n), with n the nodes. Owned by the lock of the stream's shard.
class StreamNodes {
 public:
  StreamNodes() = default;
  StreamNodes(const StreamNodes&) = delete;
  StreamNodes& operator=(const StreamNodes&) = delete;
  ~StreamNodes();

  size_t count() const { return sole_ != nullptr ? 1 : tree_.weight(); }
  size_t allocated_bytes() const { return tree_.allocated_bytes() + node_bytes_; }

  // Each is null where there is no such node.
  StreamNode* First() const;
  StreamNode* Last() const;
  StreamNode* Floor(StreamId id) const;  // the last whose id is not greater
  StreamNode* After(const StreamNode* node) const;
  StreamNode* Before(const StreamNode* node) const;

  StreamNode* Append(StreamId id, std::string_view packed);  // an id greater than all
  void Erase(StreamNode* node);

  void CheckInvariants() const;  // aborts with a message

  // A node's packed list while it is changed. The node may move.
  class Edit;

 private:
  struct Items {
    using Item = StreamNode*;
    static uint32_t Prefix(const StreamNode* node) { return node->id().prefix(); }
  };
  using Tree = CountedTree<Items>;

  Tree::Iterator Behind(StreamId id) const;  // the first node of a greater id

  StreamNode* sole_ = nullptr;  // the only node, while the tree is empty
  Tree tree_;
  size_t node_bytes_ = 0;
};

class StreamNodes::Edit final : public PackedBuffer {
 public:
  Edit(StreamNodes& nodes, StreamNode* node);
  StreamNode* node() const { return node_; }

 private:
  void Resize(size_t size) override;

  StreamNodes& nodes_;
  StreamNode* node_;
};

}  // namespace corral::storage
