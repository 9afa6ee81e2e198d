// The node of a stream: one allocation of an id and the entries from that id on, byte for byte Redis's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "storage/types/packed_list.h"
#include "storage/types/stream/stream_id.h"

namespace corral::storage {

// An entry to be written: field, value, field, value ...; one pair at least. The texts stay the caller's.
using StreamFields = std::span<const std::string_view>;

// A view of a node's bytes; never constructed, only pointed at. Its owner is StreamNodes.
//
//   | ms 8 | seq 8 | packed list |       has the size class of its bytes, so that its length tells its room
//
// The packed list holds the master entry, then the entries, ascending by id:
//   master: live entries, deleted entries, number of fields, fields, 0
//   entry:  flags, ms and seq as differences from the node's, [number of fields,] [field,] value ...,
//           number of the entry's elements before this one
// The node's id is that of the first entry it was given, the master's fields are those of that entry. An
// entry of the same fields (flag 2) leaves them out. A deleted one (flag 1) stays until the node goes. No id
// is below the node's, and every entry is behind the live ones of lesser ids; it may be behind a deleted one
// of a greater id, because XSETID can set the last id back over those.
//
// Source: DUMP of redis-server 7.0.15.
class StreamNode {
 public:
  static constexpr size_t kHeaderBytes = sizeof(StreamId);
  static constexpr int64_t kDeleted = 1;
  static constexpr int64_t kSameFields = 2;

  StreamId id() const { return *reinterpret_cast<const StreamId*>(this); }
  PackedList list() const { return PackedList({bytes(), PackedList::kHeaderBytes}); }
  std::string_view packed() const { return {bytes(), list().bytes()}; }
  char* bytes() { return reinterpret_cast<char*>(this) + kHeaderBytes; }
  size_t live() const;     // entries that are not deleted; O(1)
  size_t deleted() const;  // entries that are; O(1)
  size_t allocated_bytes() const;

  StreamNode() = delete;
  StreamNode(const StreamNode&) = delete;

  // Whether bytes from outside are a node of this id: readable, ascending, with true counts.
  static bool Valid(StreamId id, std::string_view packed);

  static StreamNode* Create(StreamId id, std::string_view packed);
  static void Destroy(StreamNode* node);

 private:
  const char* bytes() const { return reinterpret_cast<const char*>(this) + kHeaderBytes; }
};

// ---- Changes of a node's packed list. ----

// Writes the master entry of a node without entries into a list that is empty.
void WriteStreamMaster(PackedBuffer& buffer, StreamFields entry);
// `id` is greater than that of the last entry, and not below `node_id`.
void AppendStreamEntry(PackedBuffer& buffer, StreamId node_id, StreamId id, StreamFields entry);
// Marks the entry whose flags lie at `at` as deleted. Returns by how many bytes the positions behind the
// flags have moved: the master's counts may change their width.
int MarkStreamEntryDeleted(PackedBuffer& buffer, PackedList::Position at);

}  // namespace corral::storage
