// Reading the entries of a stream's node.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/types/packed_list.h"
#include "storage/types/stream/stream_id.h"
#include "storage/types/stream/stream_node.h"

namespace corral::storage {

// Where an entry lies in its node; valid until the node changes.
struct StreamEntry {
  StreamId id;
  bool deleted = false;
  bool same_fields = false;           // the fields are the master's
  size_t fields = 0;                  // pairs of field and value
  PackedList::Position at = 0;        // of its flags
  PackedList::Position contents = 0;  // of the first field, or of the first value
};

// A view of a node that walks over its entries, deleted ones included; a step costs the entry's elements.
class StreamNodeReader {
 public:
  explicit StreamNodeReader(const StreamNode& node) : StreamNodeReader(node.id(), node.list()) {}

  // Each returns false where there is no such entry. `entry` is one of this node.
  bool First(StreamEntry* entry) const { return Read(first_entry_, entry); }
  bool Last(StreamEntry* entry) const { return ReadBefore(list_.end(), entry); }
  bool Next(StreamEntry* entry) const;
  bool Previous(StreamEntry* entry) const { return ReadBefore(entry->at, entry); }

  // The live entry of this id.
  bool Find(StreamId id, StreamEntry* entry) const;

  // Calls visit(field, value), both PackedList::Element, for each pair.
  template <class Visit>
  void ForEachField(const StreamEntry& entry, const Visit& visit) const {
    PackedList::Position field = fields_;
    PackedList::Position at = entry.contents;
    for (size_t i = 0; i < entry.fields; ++i) {
      PackedList::Position& from = entry.same_fields ? field : at;
      const PackedList::Element name = list_[from];
      from = list_.Next(from);
      visit(name, list_[at]);
      at = list_.Next(at);
    }
  }

 private:
  StreamNodeReader(StreamId id, PackedList list);
  bool Read(PackedList::Position at, StreamEntry* entry) const;
  bool ReadBefore(PackedList::Position end, StreamEntry* entry) const;

  StreamId id_;
  PackedList list_;
  size_t field_count_;           // of the master
  PackedList::Position fields_;  // of the master's first
  PackedList::Position first_entry_;
};

}  // namespace corral::storage
