#include "storage/rdb/stream_format.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace corral::storage::rdb {
namespace {

constexpr size_t kIdBytes = 16;

// As a key of Redis's radix tree: big-endian, so that bytes compare as ids do.
struct IdBytes {
  explicit IdBytes(StreamId id) {
    const uint64_t words[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
    std::memcpy(bytes, words, sizeof bytes);
  }
  std::string_view view() const { return {bytes, sizeof bytes}; }

  char bytes[kIdBytes];
};

StreamId IdOf(std::string_view bytes) {
  uint64_t words[2] = {};
  if (bytes.size() == kIdBytes) std::memcpy(words, bytes.data(), kIdBytes);
  return {__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
}

void WriteId(Writer& out, StreamId id) {
  out.Length(id.ms);
  out.Length(id.seq);
}

StreamId ReadId(Reader& in) {
  const uint64_t ms = in.Length();
  return {ms, in.Length()};
}

void WriteGroup(Writer& out, const StreamGroup& group) {
  WriteId(out, group.last_delivered);
  out.Length(group.entries_read.value_or(UINT64_MAX));
  out.Length(group.pending().size());
  for (const StreamPending* pending : group.pending()) {
    out.Raw(IdBytes(pending->id).view());
    out.Fixed64(static_cast<uint64_t>(pending->delivery_ms));
    out.Length(pending->deliveries);
  }
  out.Length(group.consumers().size());
  for (const auto& [name, consumer] : group.consumers()) {
    out.String(name);
    out.Fixed64(static_cast<uint64_t>(consumer->seen_ms));
    out.Length(consumer->pending().size());
    for (const StreamPending* pending : consumer->pending()) out.Raw(IdBytes(pending->id).view());
  }
}

// A delivery that the group's own list has; the consumers' lists say whose it is.
struct Delivery {
  StreamId id;
  int64_t delivery_ms;
  uint64_t deliveries;
  bool owned = false;
};

// Sorted by id. False: one of them comes twice.
bool ReadDeliveries(Reader& in, std::vector<Delivery>* deliveries) {
  const uint64_t count = in.Count();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const StreamId id = IdOf(in.Raw(kIdBytes));
    const auto delivery_ms = static_cast<int64_t>(in.Fixed64());
    deliveries->push_back({id, delivery_ms, in.Length()});
  }
  std::sort(deliveries->begin(), deliveries->end(),
            [](const Delivery& a, const Delivery& b) { return a.id < b.id; });
  const auto twice = std::adjacent_find(deliveries->begin(), deliveries->end(),
                                        [](const Delivery& a, const Delivery& b) { return a.id == b.id; });
  return in.ok() && twice == deliveries->end();
}

bool ReadConsumer(Reader& in, ValueType type, StreamGroup& group, std::vector<Delivery>& deliveries) {
  const std::string_view name = in.String();
  StreamConsumer* consumer = in.ok() ? group.CreateConsumer(name, 0) : nullptr;
  if (consumer == nullptr) return false;
  consumer->seen_ms = static_cast<int64_t>(in.Fixed64());
  if (type == ValueType::kStream3) {
    if (const auto active_ms = static_cast<int64_t>(in.Fixed64()); active_ms >= 0) {
      consumer->active_ms = active_ms;
    }
  } else {
    consumer->active_ms = consumer->seen_ms;
  }
  const uint64_t count = in.Count();
  for (uint64_t i = 0; i < count; ++i) {
    const StreamId id = IdOf(in.Raw(kIdBytes));
    if (!in.ok()) return false;
    const auto at = std::lower_bound(deliveries.begin(), deliveries.end(), id,
                                     [](const Delivery& delivery, StreamId of) { return delivery.id < of; });
    if (at == deliveries.end() || at->id != id || at->owned) return false;
    at->owned = true;
    group.Deliver(id, *consumer, at->delivery_ms)->deliveries = at->deliveries;
  }
  return in.ok();
}

bool ReadGroup(Reader& in, ValueType type, StreamObject& stream) {
  const std::string name(in.String());
  const StreamId last_delivered = ReadId(in);
  std::optional<uint64_t> entries_read;
  if (type == ValueType::kStream1) {
    entries_read = stream.EntriesUpTo(last_delivered);
  } else if (const uint64_t read = in.Length(); read != UINT64_MAX) {
    entries_read = read;
  }
  StreamGroup* group = in.ok() ? stream.CreateGroup(name, last_delivered, entries_read) : nullptr;
  std::vector<Delivery> deliveries;
  if (group == nullptr || !ReadDeliveries(in, &deliveries)) return false;
  const uint64_t consumers = in.Count();
  for (uint64_t i = 0; i < consumers; ++i) {
    if (!ReadConsumer(in, type, *group, deliveries)) return false;
  }
  return in.ok() && group->pending().size() == deliveries.size();  // each has a consumer
}

bool ReadNodes(Reader& in, StreamObject& stream) {
  const uint64_t nodes = in.Count();
  std::string room;
  for (uint64_t i = 0; i < nodes; ++i) {
    const std::string_view id = in.String(room), packed = in.String();
    if (!in.ok() || id.size() != kIdBytes || !stream.AppendNode(IdOf(id), packed)) return false;
  }
  return in.ok();
}

// The first id is the stream's own to know.
bool ReadCounters(Reader& in, ValueType type, StreamObject& stream) {
  const uint64_t length = in.Length();
  StreamCounters counters;
  counters.last_id = ReadId(in);
  counters.entries_added = length;
  if (type != ValueType::kStream1) {
    ReadId(in);
    counters.max_deleted_id = ReadId(in);
    counters.entries_added = in.Length();
  }
  return in.ok() && length == stream.size() && stream.SetCounters(counters);
}

}  // namespace

void WriteStream(Writer& out, const StreamObject& stream) {
  const StreamNodes& nodes = stream.nodes();
  out.Length(nodes.count());
  for (const StreamNode* node = nodes.First(); node != nullptr; node = nodes.After(node)) {
    out.String(IdBytes(node->id()).view());
    out.String(node->packed());
  }
  const StreamCounters& counters = stream.counters();
  out.Length(stream.size());
  WriteId(out, counters.last_id);
  WriteId(out, stream.first_id());
  WriteId(out, counters.max_deleted_id);
  out.Length(counters.entries_added);
  out.Length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    out.String(name);
    WriteGroup(out, *group);
  }
}

std::unique_ptr<StreamObject> ReadStream(Reader& in, ValueType type) {
  auto stream = std::make_unique<StreamObject>();
  if (!ReadNodes(in, *stream) || !ReadCounters(in, type, *stream)) return nullptr;
  const uint64_t groups = in.Count();
  for (uint64_t i = 0; i < groups; ++i) {
    if (!ReadGroup(in, type, *stream)) return nullptr;
  }
  if (!in.ok()) return nullptr;
  return stream;
}

}  // namespace corral::storage::rdb
