// The entries of a stream between two ids, in either direction.
#pragma once

#include <optional>

#include "storage/types/stream/stream_entry.h"
#include "storage/types/stream/stream_id.h"
#include "storage/types/stream/stream_nodes.h"

namespace corral::storage {

class StreamObject;

enum class StreamDirection : uint8_t { kForwards, kBackwards };

// Valid until the stream changes. Deleted entries are passed over.
//   for (StreamRange range(stream, first, last); range.Next();) ... range.id() ... range.ForEachField(...)
class StreamRange {
 public:
  // All with first <= id <= last. O(log n) and a walk within one node to the first entry.
  StreamRange(const StreamObject& stream, StreamId first, StreamId last,
              StreamDirection direction = StreamDirection::kForwards);

  bool Next();  // to the next entry, the first one at first; false: there is none
  StreamId id() const { return entry_.id; }
  const StreamEntry& entry() const { return entry_; }
  // Calls visit(field, value), both PackedList::Element, for each pair.
  template <class Visit>
  void ForEachField(const Visit& visit) const {
    reader_->ForEachField(entry_, visit);
  }

 private:
  void Open(const StreamNode* node);
  bool Step();  // within the node
  bool IsBeyond() const { return forwards_ ? entry_.id > last_ : entry_.id < first_; }
  bool IsBefore() const { return forwards_ ? entry_.id < first_ : entry_.id > last_; }

  const StreamNodes& nodes_;
  const StreamId first_;
  const StreamId last_;
  const bool forwards_;
  const StreamNode* node_ = nullptr;  // null: the range has ended
  std::optional<StreamNodeReader> reader_;
  StreamEntry entry_;
  bool entered_ = false;  // entry_ is one of the node
};

}  // namespace corral::storage
