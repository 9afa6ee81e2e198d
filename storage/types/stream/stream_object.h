// The stream: entries by ascending id, and the groups of consumers that read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/types/object.h"
#include "storage/types/stream/stream_group.h"
#include "storage/types/stream/stream_id.h"
#include "storage/types/stream/stream_node.h"
#include "storage/types/stream/stream_nodes.h"

namespace corral::storage {

// How far a node is filled: what stream-node-max-bytes and stream-node-max-entries say. 0: without a limit.
struct StreamNodeLimit {
  size_t bytes = 4096;
  size_t entries = 100;  // deleted ones count
};

// What outlives the entries.
struct StreamCounters {
  StreamId last_id;            // the greatest ever added
  StreamId max_deleted_id;     // the greatest that XDEL deleted; 0-0: none. Trimming does not count
  uint64_t entries_added = 0;  // ever
};

// What becomes of an entry that is to go, and of what groups have pending of it.
enum class StreamReferences : uint8_t {
  kKeep,   // deliveries outlive the entry
  kDrop,   // they go with it
  kAwait,  // the entry stays as long as a group needs it
};

struct StreamTrim {
  std::optional<uint64_t> max_length;  // else by id:
  StreamId min_id;                     // what is less goes
  bool approximate = false;            // whole nodes only
  uint64_t limit = 0;                  // entries to be looked at at most, by whole nodes; 0: without a limit
  StreamReferences references = StreamReferences::kKeep;
};

// n: nodes. Unlike other values a stream without entries lives on, with its counters and groups.
//
// Invariants: a node has a live entry; live entries ascend over all nodes, and none is beyond last_id;
// first_id is that of the first, 0-0 without one. Owned by the lock of the key's shard.
class StreamObject final : public Object {
 public:
  // Redis's bound for the texts of an entry together.
  static constexpr size_t kMaxEntryBytes = size_t{1} << 30;

  ValueType type() const override { return ValueType::kStream; }
  Encoding encoding() const override { return Encoding::kStream; }
  size_t size() const override { return length_; }
  bool keeps_key() const override { return true; }  // only deleting the key ends a stream
  size_t allocated_bytes() const override;
  size_t effort_to_free() const override { return nodes_.count() + 1 + totals_.allocations; }
  std::unique_ptr<Object> Clone() const override;  // O(bytes)
  // Parts: the id as "ms.seq", field, value, field, value ... Groups are not in it.
  void Save(ValueSink& sink) const override;

  const StreamNodes& nodes() const { return nodes_; }
  const StreamCounters& counters() const { return counters_; }
  StreamId first_id() const { return first_id_; }
  StreamId last_entry_id() const;  // of the last live entry; 0-0 without one; O(log n)
  bool Contains(StreamId id) const;

  // ---- Changes. Ranges and entries are void after each. ----

  // The id that `*` gives at this time, and the one that `ms-*` gives. None: all are used up.
  std::optional<StreamId> NextId(uint64_t now_ms) const;
  std::optional<StreamId> NextIdWithin(uint64_t ms) const;

  enum class AppendResult : uint8_t { kAppended, kNotGreater, kTooLarge };
  AppendResult Append(StreamId id, StreamFields entry, const StreamNodeLimit& limit);  // O(log n)
  bool Delete(StreamId id);               // false: no such entry; O(log n) and one node's entries
  uint64_t Trim(const StreamTrim& trim);  // returns how many entries went; O(log n) for each node that goes

  // False, and nothing changes: an entry's id is greater than last_id, or there are more entries.
  bool SetCounters(const StreamCounters& counters);
  // Puts a node from outside behind all others. False: its bytes are no node, or its id is not greater than
  // that of the last entry. The caller sets the counters, too low until then, when all nodes are there.
  bool AppendNode(StreamId id, std::string_view packed);

  // ---- Groups ----

  const StreamGroups& groups() const { return groups_; }
  StreamGroup* FindGroup(std::string_view name) const;  // null if there is none
  // Null if the name is taken.
  StreamGroup* CreateGroup(std::string_view name, StreamId last_delivered,
                           std::optional<uint64_t> entries_read);
  bool DestroyGroup(std::string_view name);  // O(what it has pending)

  // The group has been given the entry: it has read as far, if it had not before.
  void Advance(StreamGroup& group, StreamId id) const;
  // How many entries the group has not been given yet; none: not known, because some were deleted there.
  std::optional<uint64_t> Lag(const StreamGroup& group) const;
  // How many entries were ever added up to this id; none: not known.
  std::optional<uint64_t> EntriesUpTo(StreamId id) const;
  // Whether a group still needs the entry: it is pending there, or was not delivered yet. Redis calls an
  // entry acknowledged where none does. O(groups * log of what they have pending).
  bool IsReferenced(StreamId id) const;
  // Takes the entry off what the groups have pending. Returns of how many of them; the same time.
  size_t DropReferences(StreamId id);

  void CheckInvariants() const;  // aborts with a message

 private:
  bool MustStartNode(const StreamNode& last, size_t entry_bytes, const StreamNodeLimit& limit) const;
  bool HasDeletedFrom(StreamId first) const;
  bool IsTrimmedWhole(const StreamNode& node, const StreamTrim& trim) const;
  void TrimWhole(StreamNode* node, const StreamTrim& trim);
  uint64_t TrimWithin(StreamNode* node, const StreamTrim& trim);
  void FindFirstId();
  void CountGroup(const std::string& name);

  StreamNodes nodes_;
  size_t length_ = 0;
  StreamId first_id_;
  StreamCounters counters_;
  StreamGroupTotals totals_;  // outlives the groups, which keep it
  StreamGroups groups_;
};

}  // namespace corral::storage
