// The consumer groups of a stream: who has read how far, and who owes which acknowledgement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/types/stream/stream_id.h"
#include "storage/types/stream/stream_pending.h"

namespace corral::storage {

// Times are Unix ms; the caller's clock sets them. Its group changes what is pending.
class StreamConsumer {
 public:
  // `name` is the key of its group's map, and lives as long.
  StreamConsumer(const std::string& name, StreamGroupTotals& totals) : name_(name), pending_(totals) {}

  const std::string& name() const { return name_; }
  const StreamPendingList& pending() const { return pending_; }

  int64_t seen_ms = 0;               // when it was last named by a command
  std::optional<int64_t> active_ms;  // when it last got or claimed something; none: never

 private:
  friend class StreamGroup;
  const std::string& name_;
  StreamPendingList pending_;
};

// Names in the order of their bytes.
using StreamConsumers = std::map<std::string, std::unique_ptr<StreamConsumer>, std::less<>>;

// Invariant: every delivery of the group is in the list of exactly one of its consumers. n: deliveries.
// Owned by the lock of the stream's shard.
class StreamGroup {
 public:
  StreamGroup(StreamId last_delivered, std::optional<uint64_t> entries_read, StreamGroupTotals& totals)
      : last_delivered(last_delivered), entries_read(entries_read), pending_(totals), totals_(totals) {}
  ~StreamGroup();
  StreamGroup(const StreamGroup&) = delete;
  StreamGroup& operator=(const StreamGroup&) = delete;

  const StreamConsumers& consumers() const { return consumers_; }
  const StreamPendingList& pending() const { return pending_; }

  StreamConsumer* FindConsumer(std::string_view name) const;  // null if there is none
  // Null if the name is taken.
  StreamConsumer* CreateConsumer(std::string_view name, int64_t now_ms);
  // With what it has pending, which is O(n log n). Returns how many that were; none if there is no such
  // consumer.
  std::optional<size_t> DestroyConsumer(std::string_view name);

  // The entry is delivered to the consumer, for the first time or, as far as the count is concerned, again
  // for the first time: after SETID to an earlier id. O(log n).
  StreamPending* Deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms);
  // The delivery is this consumer's from here on; its time and count stay. O(log n).
  void Assign(StreamPending& pending, StreamConsumer& consumer);
  bool Acknowledge(StreamId id);  // false if it is not pending; O(log n)

  StreamId last_delivered;
  std::optional<uint64_t> entries_read;  // of all ever added; none: not known

  std::unique_ptr<StreamGroup> Clone(StreamGroupTotals& totals) const;
  void CheckInvariants() const;  // aborts with a message

 private:
  StreamPending* Add(StreamId id, StreamConsumer& consumer);
  void Free(StreamPending* pending);

  StreamConsumers consumers_;
  StreamPendingList pending_;
  StreamGroupTotals& totals_;
};

using StreamGroups = std::map<std::string, std::unique_ptr<StreamGroup>, std::less<>>;

// What a map of groups or of consumers holds for a name, and in how many allocations it and what it stands
// for lie.
size_t StreamNameBytes(const std::string& name);
inline constexpr size_t kNamedAllocations = 2;

}  // namespace corral::storage
