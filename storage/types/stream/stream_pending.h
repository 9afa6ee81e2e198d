// Entries of a stream that were delivered to a consumer and not acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/types/counted_tree.h"
#include "storage/types/stream/stream_id.h"

namespace corral::storage {

class StreamConsumer;

// What a group knows of one delivery. The group owns it; it stands in the list of the group and in that of
// its consumer.
struct StreamPending {
  StreamId id;
  int64_t delivery_ms = 0;  // Unix ms
  uint64_t deliveries = 0;
  StreamConsumer* consumer = nullptr;
};

// What the groups of a stream hold; kept as sums by everything below them.
struct StreamGroupTotals {
  size_t bytes = 0;        // allocated
  size_t allocations = 0;  // about
};

// Deliveries by id. Owns none; n: deliveries in it. Owned by the lock of the stream's shard.
class StreamPendingList {
  struct Items {
    using Item = StreamPending*;
    static uint32_t Prefix(const StreamPending* pending) { return pending->id.prefix(); }
  };
  using Tree = CountedTree<Items>;

 public:
  using Iterator = Tree::Iterator;

  explicit StreamPendingList(StreamGroupTotals& totals) : totals_(totals) {}
  ~StreamPendingList() { totals_.bytes -= tree_.allocated_bytes(); }

  size_t size() const { return tree_.weight(); }
  bool empty() const { return tree_.empty(); }
  Iterator begin() const { return tree_.begin(); }
  Iterator end() const { return tree_.end(); }
  Iterator From(StreamId id) const;        // the first whose id is not less; O(log n)
  StreamPending* Find(StreamId id) const;  // null if it is not there; O(log n)
  StreamPending* First() const { return empty() ? nullptr : *begin(); }
  StreamPending* Last() const { return empty() ? nullptr : *--end(); }

  void Insert(StreamPending* pending);  // an id that is not in it; O(log n)
  Iterator Erase(StreamId id);          // one that is; returns the place behind it; O(log n)

  void CheckInvariants() const;  // aborts with a message

 private:
  Tree tree_;
  StreamGroupTotals& totals_;
};

}  // namespace corral::storage
