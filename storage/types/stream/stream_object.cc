#include "storage/types/stream/stream_object.h"

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"
#include "storage/base/number.h"
#include "storage/types/packed_object.h"
#include "storage/types/stream/stream_entry.h"
#include "storage/types/stream/stream_range.h"

namespace corral::storage {
namespace {

constexpr size_t kGroupBytes = SizeClass(sizeof(StreamGroup));

std::string_view EmptyList() { return {PackedList::kEmpty, PackedList::kEmptyBytes}; }

}  // namespace

size_t StreamObject::allocated_bytes() const {
  return SizeClass(sizeof *this) + nodes_.allocated_bytes() + totals_.bytes;
}

std::unique_ptr<Object> StreamObject::Clone() const {
  auto clone = std::make_unique<StreamObject>();
  for (const StreamNode* node = nodes_.First(); node != nullptr; node = nodes_.After(node)) {
    clone->nodes_.Append(node->id(), node->packed());
  }
  clone->length_ = length_;
  clone->first_id_ = first_id_;
  clone->counters_ = counters_;
  for (const auto& [name, group] : groups_) {
    clone->groups_.emplace(name, group->Clone(clone->totals_));
    clone->CountGroup(name);
  }
  return clone;
}

void StreamObject::Save(ValueSink& sink) const {
  std::vector<std::string> texts;
  std::vector<std::string_view> parts;
  for (StreamRange range(*this, {}, kMaxStreamId); range.Next();) {
    IntegerText scratch;
    texts.assign({std::to_string(range.id().ms) + "." + std::to_string(range.id().seq)});
    range.ForEachField([&](PackedList::Element field, PackedList::Element value) {
      texts.emplace_back(field.Text(scratch));
      texts.emplace_back(value.Text(scratch));
    });
    parts.assign(texts.begin(), texts.end());
    sink.Element(parts);
  }
}

StreamId StreamObject::last_entry_id() const {
  StreamRange range(*this, {}, kMaxStreamId, StreamDirection::kBackwards);
  return range.Next() ? range.id() : StreamId{};
}

bool StreamObject::Contains(StreamId id) const {
  const StreamNode* node = nodes_.Floor(id);
  StreamEntry entry;
  return node != nullptr && StreamNodeReader(*node).Find(id, &entry);
}

void StreamObject::FindFirstId() {
  StreamRange range(*this, {}, kMaxStreamId);
  first_id_ = range.Next() ? range.id() : StreamId{};
}

std::optional<StreamId> StreamObject::NextId(uint64_t now_ms) const {
  if (now_ms > counters_.last_id.ms) return StreamId{now_ms, 0};
  return counters_.last_id.Next();
}

std::optional<StreamId> StreamObject::NextIdWithin(uint64_t ms) const {
  if (ms != counters_.last_id.ms) return StreamId{ms, 0};
  if (counters_.last_id.seq == UINT64_MAX) return std::nullopt;
  return StreamId{ms, counters_.last_id.seq + 1};
}

bool StreamObject::MustStartNode(const StreamNode& last, size_t entry_bytes,
                                 const StreamNodeLimit& limit) const {
  size_t bytes = limit.bytes;
  if (bytes == 0 || bytes > PackedList::kMaxBytes) bytes = PackedList::kMaxBytes;
  if (last.packed().size() + entry_bytes >= bytes) return true;
  return limit.entries != 0 && last.live() + last.deleted() >= limit.entries;
}

StreamObject::AppendResult StreamObject::Append(StreamId id, StreamFields entry,
                                                const StreamNodeLimit& limit) {
  if (id <= counters_.last_id) return AppendResult::kNotGreater;
  size_t entry_bytes = 0;
  for (const std::string_view text : entry) entry_bytes += text.size();
  if (entry_bytes > kMaxEntryBytes) return AppendResult::kTooLarge;

  StreamNode* node = nodes_.Last();
  const bool starts = node == nullptr || MustStartNode(*node, entry_bytes, limit);
  if (starts) {
    // Written apart, so that the node is allocated once, in its size.
    HeapBuffer buffer(EmptyList());
    WriteStreamMaster(buffer, entry);
    AppendStreamEntry(buffer, id, id, entry);
    nodes_.Append(id, buffer.view());
  } else {
    StreamNodes::Edit edit(nodes_, node);
    AppendStreamEntry(edit, node->id(), id, entry);
  }
  counters_.last_id = id;
  ++counters_.entries_added;
  if (++length_ == 1) first_id_ = id;
  return AppendResult::kAppended;
}

bool StreamObject::Delete(StreamId id) {
  StreamNode* node = nodes_.Floor(id);
  StreamEntry entry;
  if (node == nullptr || !StreamNodeReader(*node).Find(id, &entry)) return false;
  if (node->live() == 1) {
    nodes_.Erase(node);
  } else {
    StreamNodes::Edit edit(nodes_, node);
    MarkStreamEntryDeleted(edit, entry.at);
  }
  --length_;
  counters_.max_deleted_id = std::max(counters_.max_deleted_id, id);
  if (id == first_id_) FindFirstId();
  return true;
}

bool StreamObject::SetCounters(const StreamCounters& counters) {
  if (last_entry_id() > counters.last_id || counters.entries_added < length_) return false;
  counters_ = counters;
  return true;
}

bool StreamObject::AppendNode(StreamId id, std::string_view packed) {
  if (!StreamNode::Valid(id, packed)) return false;
  if (length_ > 0 && id <= last_entry_id()) return false;
  const StreamNode* node = nodes_.Append(id, packed);
  if (node->live() == 0) {  // Redis's trimming by id can leave such a one
    nodes_.Erase(nodes_.Last());
    return true;
  }
  length_ += node->live();
  if (first_id_.is_zero()) FindFirstId();
  return true;
}

StreamGroup* StreamObject::FindGroup(std::string_view name) const {
  const auto at = groups_.find(name);
  return at == groups_.end() ? nullptr : at->second.get();
}

StreamGroup* StreamObject::CreateGroup(std::string_view name, StreamId last_delivered,
                                       std::optional<uint64_t> entries_read) {
  const auto [at, created] = groups_.try_emplace(std::string(name));
  if (!created) return nullptr;
  at->second = std::make_unique<StreamGroup>(last_delivered, entries_read, totals_);
  CountGroup(at->first);
  return at->second.get();
}

void StreamObject::CountGroup(const std::string& name) {
  totals_.bytes += StreamNameBytes(name) + kGroupBytes;
  totals_.allocations += kNamedAllocations;
}

bool StreamObject::DestroyGroup(std::string_view name) {
  const auto at = groups_.find(name);
  if (at == groups_.end()) return false;
  totals_.bytes -= StreamNameBytes(at->first) + kGroupBytes;
  totals_.allocations -= kNamedAllocations;
  groups_.erase(at);
  return true;
}

bool StreamObject::IsReferenced(StreamId id) const {
  return std::any_of(groups_.begin(), groups_.end(), [id](const auto& named) {
    const StreamGroup& group = *named.second;
    return id > group.last_delivered || group.pending().Find(id) != nullptr;
  });
}

size_t StreamObject::DropReferences(StreamId id) {
  size_t dropped = 0;
  for (const auto& [name, group] : groups_) dropped += group->Acknowledge(id) ? 1 : 0;
  return dropped;
}

void StreamObject::CheckInvariants() const {
  nodes_.CheckInvariants();
  size_t live = 0;
  for (const StreamNode* node = nodes_.First(); node != nullptr; node = nodes_.After(node)) {
    Require(node->live() > 0, "stream: a node without an entry");
    live += node->live();
  }
  Require(live == length_, "stream: its length");
  Require(length_ <= counters_.entries_added, "stream: more entries than were added");
  Require(last_entry_id() <= counters_.last_id, "stream: an entry beyond its last id");
  StreamId first, last;
  for (StreamRange range(*this, {}, kMaxStreamId); range.Next(); last = range.id()) {
    Require(first.is_zero() || range.id() > last, "stream: the order of its entries");
    if (first.is_zero()) first = range.id();
  }
  Require(first == first_id_, "stream: its first id");
  Require(last == last_entry_id(), "stream: the last entry");
  size_t allocations = 0;
  for (const auto& [name, group] : groups_) {
    group->CheckInvariants();
    allocations += (1 + group->consumers().size()) * kNamedAllocations + group->pending().size();
  }
  Require(allocations == totals_.allocations, "stream: the allocations of its groups");
}

}  // namespace corral::storage
