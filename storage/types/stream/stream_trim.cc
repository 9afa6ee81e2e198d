// Trimming a stream, by length or by id.
#include "storage/types/stream/stream_entry.h"
#include "storage/types/stream/stream_object.h"

namespace corral::storage {

uint64_t StreamObject::Trim(const StreamTrim& trim) {
  uint64_t trimmed = 0, looked_at = 0;
  StreamNode* node = nodes_.First();
  while (node != nullptr) {
    if (trim.max_length && length_ <= *trim.max_length) break;
    const size_t live = node->live();
    if (trim.limit != 0 && looked_at + live > trim.limit) break;
    looked_at += live;
    const bool whole = IsTrimmedWhole(*node, trim);
    if (!whole && trim.approximate) break;
    const StreamId id = node->id();
    uint64_t gone = live;
    if (whole && trim.references != StreamReferences::kAwait) {
      TrimWhole(node, trim);
    } else {
      gone = TrimWithin(node, trim);
    }
    trimmed += gone;
    if (!whole && !trim.max_length && gone < live) break;  // the following ids are greater
    const StreamNode* before = nodes_.Floor(id);
    node = before == nullptr ? nodes_.First() : nodes_.After(before);
  }
  if (trimmed > 0) FindFirstId();
  return trimmed;
}

bool StreamObject::IsTrimmedWhole(const StreamNode& node, const StreamTrim& trim) const {
  if (trim.max_length) return length_ - node.live() >= *trim.max_length;
  StreamEntry last;
  StreamNodeReader(node).Last(&last);
  return last.id < trim.min_id;
}

void StreamObject::TrimWhole(StreamNode* node, const StreamTrim& trim) {
  if (trim.references == StreamReferences::kDrop && !groups_.empty()) {
    const StreamNodeReader reader(*node);
    StreamEntry entry;
    for (bool more = reader.First(&entry); more; more = reader.Next(&entry)) {
      if (!entry.deleted) DropReferences(entry.id);
    }
  }
  length_ -= node->live();
  nodes_.Erase(node);
}

uint64_t StreamObject::TrimWithin(StreamNode* node, const StreamTrim& trim) {
  uint64_t trimmed = 0;
  StreamNodes::Edit edit(nodes_, node);
  StreamEntry entry;
  for (bool more = StreamNodeReader(*node).First(&entry); more;
       more = StreamNodeReader(*edit.node()).Next(&entry)) {
    if (entry.deleted) continue;
    if (trim.max_length ? length_ <= *trim.max_length : entry.id >= trim.min_id) break;
    if (trim.references == StreamReferences::kAwait && IsReferenced(entry.id)) continue;
    if (trim.references == StreamReferences::kDrop) DropReferences(entry.id);
    entry.contents += static_cast<PackedList::Position>(MarkStreamEntryDeleted(edit, entry.at));
    --length_;
    ++trimmed;
  }
  // Behind the last one that went there may be deleted ones alone.
  if (edit.node()->live() == 0) nodes_.Erase(edit.node());
  return trimmed;
}

}  // namespace corral::storage
