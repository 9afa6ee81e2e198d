// Trimming a stream, by length or by id.
#include "storage/types/stream/stream_entry.h"
#include "storage/types/stream/stream_object.h"

namespace corral::storage {

uint64_t StreamObject::Trim(const StreamTrim& trim) {
  uint64_t trimmed = 0;
  while (StreamNode* node = nodes_.First()) {
    if (trim.max_length && length_ <= *trim.max_length) break;
    const size_t live = node->live();
    if (trim.limit != 0 && trimmed + live > trim.limit) break;
    bool whole;
    if (trim.max_length) {
      whole = length_ - live >= *trim.max_length;
    } else {
      StreamEntry last;
      StreamNodeReader(*node).Last(&last);
      whole = last.id < trim.min_id;
    }
    if (!whole) {
      if (trim.approximate) break;
      const uint64_t within = TrimWithin(node, trim);
      trimmed += within;
      if (within < live) break;
      continue;
    }
    nodes_.Erase(node);
    length_ -= live;
    trimmed += live;
  }
  if (trimmed > 0) FindFirstId();
  return trimmed;
}

uint64_t StreamObject::TrimWithin(StreamNode* node, const StreamTrim& trim) {
  uint64_t trimmed = 0;
  StreamNodes::Edit edit(nodes_, node);
  StreamEntry entry;
  for (bool more = StreamNodeReader(*node).First(&entry); more;
       more = StreamNodeReader(*edit.node()).Next(&entry)) {
    if (entry.deleted) continue;
    if (trim.max_length ? length_ <= *trim.max_length : entry.id >= trim.min_id) break;
    entry.contents += static_cast<PackedList::Position>(MarkStreamEntryDeleted(edit, entry.at));
    --length_;
    ++trimmed;
  }
  // Behind the last one that went there may be deleted ones alone.
  if (edit.node()->live() == 0) nodes_.Erase(edit.node());
  return trimmed;
}

}  // namespace corral::storage
