#include "storage/types/stream/stream_pending.h"

namespace corral::storage {

StreamPendingList::Iterator StreamPendingList::From(StreamId id) const {
  return tree_.LowerBound(id.prefix(), [id](const StreamPending* pending) { return pending->id < id; });
}

StreamPending* StreamPendingList::Find(StreamId id) const {
  const Iterator at = From(id);
  return at != end() && (*at)->id == id ? *at : nullptr;
}

void StreamPendingList::Insert(StreamPending* pending) {
  const size_t before = tree_.allocated_bytes();
  tree_.Insert(From(pending->id), pending);
  totals_.bytes += tree_.allocated_bytes() - before;
}

StreamPendingList::Iterator StreamPendingList::Erase(StreamId id) {
  const size_t before = tree_.allocated_bytes();
  const Iterator behind = tree_.Erase(From(id));
  totals_.bytes += tree_.allocated_bytes() - before;
  return behind;
}

void StreamPendingList::CheckInvariants() const {
  tree_.CheckInvariants([](const StreamPending* a, const StreamPending* b) { return a->id < b->id; });
}

}  // namespace corral::storage
