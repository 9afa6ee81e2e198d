// How far a group has read a stream, counted in entries. Deleting within what is unread makes that unknown.
#include "storage/types/stream/stream_object.h"

namespace corral::storage {

bool StreamObject::HasDeletedFrom(StreamId first) const {
  const StreamId deleted = counters_.max_deleted_id;
  return length_ > 0 && !deleted.is_zero() && deleted >= first_id_ && deleted >= first;
}

std::optional<uint64_t> StreamObject::EntriesUpTo(StreamId id) const {
  const uint64_t added = counters_.entries_added;
  if (added == 0) return 0;
  if (length_ == 0 && id <= counters_.last_id) return added;
  if (id == counters_.last_id) return added;
  if (id > counters_.last_id) return std::nullopt;
  const bool whole = counters_.max_deleted_id.is_zero() || counters_.max_deleted_id < first_id_;
  if (whole && id < first_id_) return added - length_;
  if (whole && id == first_id_) return added - length_ + 1;
  return std::nullopt;
}

void StreamObject::Advance(StreamGroup& group, StreamId id) const {
  if (id <= group.last_delivered) return;
  if (group.entries_read && !HasDeletedFrom(id)) {
    ++*group.entries_read;
  } else if (counters_.entries_added > 0) {
    group.entries_read = EntriesUpTo(id);
  }
  group.last_delivered = id;
}

std::optional<uint64_t> StreamObject::Lag(const StreamGroup& group) const {
  if (counters_.entries_added == 0) return 0;
  std::optional<uint64_t> read = group.entries_read;
  if (!read || HasDeletedFrom(group.last_delivered)) read = EntriesUpTo(group.last_delivered);
  if (!read) return std::nullopt;
  return counters_.entries_added - *read;
}

}  // namespace corral::storage
