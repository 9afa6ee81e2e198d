#include "storage/types/stream/stream_entry.h"

namespace corral::storage {

StreamNodeReader::StreamNodeReader(StreamId id, PackedList list) : id_(id), list_(list) {
  const PackedList::Position count_at = list_.Next(list_.Next(list_.begin()));
  field_count_ = static_cast<size_t>(list_[count_at].integer);
  fields_ = list_.Next(count_at);
  first_entry_ = fields_;
  for (size_t i = 0; i < field_count_; ++i) first_entry_ = list_.Next(first_entry_);
  first_entry_ = list_.Next(first_entry_);  // over the 0 that ends the master
}

bool StreamNodeReader::Read(PackedList::Position at, StreamEntry* entry) const {
  if (at == list_.end()) return false;
  entry->at = at;
  const int64_t flags = list_[at].integer;
  entry->deleted = (flags & StreamNode::kDeleted) != 0;
  entry->same_fields = (flags & StreamNode::kSameFields) != 0;
  at = list_.Next(at);
  entry->id.ms = id_.ms + static_cast<uint64_t>(list_[at].integer);
  at = list_.Next(at);
  entry->id.seq = id_.seq + static_cast<uint64_t>(list_[at].integer);
  at = list_.Next(at);
  if (entry->same_fields) {
    entry->fields = field_count_;
  } else {
    entry->fields = static_cast<size_t>(list_[at].integer);
    at = list_.Next(at);
  }
  entry->contents = at;
  return true;
}

bool StreamNodeReader::ReadBefore(PackedList::Position end, StreamEntry* entry) const {
  if (end == first_entry_) return false;
  PackedList::Position at = list_.Previous(end);
  for (int64_t elements = list_[at].integer; elements > 0; --elements) at = list_.Previous(at);
  return Read(at, entry);
}

bool StreamNodeReader::Next(StreamEntry* entry) const {
  PackedList::Position at = entry->contents;
  const size_t elements = entry->same_fields ? entry->fields : 2 * entry->fields;
  for (size_t i = 0; i <= elements; ++i) at = list_.Next(at);  // and their number behind them
  return Read(at, entry);
}

bool StreamNodeReader::Find(StreamId id, StreamEntry* entry) const {
  for (bool more = First(entry); more; more = Next(entry)) {
    if (!entry->deleted && entry->id >= id) return entry->id == id;
  }
  return false;
}

}  // namespace corral::storage
