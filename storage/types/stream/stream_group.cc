#include "storage/types/stream/stream_group.h"

#include <utility>

#include "storage/base/allocation.h"
#include "storage/base/invariant.h"

namespace corral::storage {
namespace {

constexpr size_t kConsumerBytes = SizeClass(sizeof(StreamConsumer));
constexpr size_t kPendingBytes = SizeClass(sizeof(StreamPending));

}  // namespace

size_t StreamNameBytes(const std::string& name) {
  // A node of the standard library's tree is four words and the pair.
  constexpr size_t kNodeBytes = SizeClass(4 * sizeof(void*) + sizeof(StreamGroups::value_type));
  static_assert(sizeof(StreamGroups::value_type) == sizeof(StreamConsumers::value_type));
  const bool inside = name.capacity() == std::string().capacity();
  return kNodeBytes + (inside ? 0 : SizeClass(name.capacity() + 1));
}

StreamGroup::~StreamGroup() {
  for (StreamPending* pending : pending_) Free(pending);
  for (const auto& [name, consumer] : consumers_) {
    totals_.bytes -= StreamNameBytes(name) + kConsumerBytes;
    totals_.allocations -= kNamedAllocations;
  }
}

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const auto at = consumers_.find(name);
  return at == consumers_.end() ? nullptr : at->second.get();
}

StreamConsumer* StreamGroup::CreateConsumer(std::string_view name, int64_t now_ms) {
  const auto [at, created] = consumers_.try_emplace(std::string(name));
  if (!created) return nullptr;
  at->second = std::make_unique<StreamConsumer>(at->first, totals_);
  at->second->seen_ms = now_ms;
  totals_.bytes += StreamNameBytes(at->first) + kConsumerBytes;
  totals_.allocations += kNamedAllocations;
  return at->second.get();
}

std::optional<size_t> StreamGroup::DestroyConsumer(std::string_view name) {
  const auto at = consumers_.find(name);
  if (at == consumers_.end()) return std::nullopt;
  const StreamPendingList& owed = at->second->pending_;
  for (StreamPending* pending : owed) {
    pending_.Erase(pending->id);
    Free(pending);
  }
  const size_t count = owed.size();
  totals_.bytes -= StreamNameBytes(at->first) + kConsumerBytes;
  totals_.allocations -= kNamedAllocations;
  consumers_.erase(at);
  return count;
}

StreamPending* StreamGroup::Add(StreamId id, StreamConsumer& consumer) {
  auto* pending = new StreamPending{id, 0, 0, &consumer};
  totals_.bytes += kPendingBytes;
  ++totals_.allocations;
  pending_.Insert(pending);
  consumer.pending_.Insert(pending);
  return pending;
}

void StreamGroup::Free(StreamPending* pending) {
  delete pending;
  totals_.bytes -= kPendingBytes;
  --totals_.allocations;
}

StreamPending* StreamGroup::Deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms) {
  StreamPending* pending = pending_.Find(id);
  if (pending == nullptr) {
    pending = Add(id, consumer);
  } else {
    Assign(*pending, consumer);
  }
  pending->delivery_ms = now_ms;
  pending->deliveries = 1;
  return pending;
}

void StreamGroup::Assign(StreamPending& pending, StreamConsumer& consumer) {
  if (pending.consumer == &consumer) return;
  pending.consumer->pending_.Erase(pending.id);
  pending.consumer = &consumer;
  consumer.pending_.Insert(&pending);
}

bool StreamGroup::Acknowledge(StreamId id) {
  StreamPending* pending = pending_.Find(id);
  if (pending == nullptr) return false;
  pending_.Erase(id);
  pending->consumer->pending_.Erase(id);
  Free(pending);
  return true;
}

std::unique_ptr<StreamGroup> StreamGroup::Clone(StreamGroupTotals& totals) const {
  auto clone = std::make_unique<StreamGroup>(last_delivered, entries_read, totals);
  for (const auto& [name, consumer] : consumers_) {
    StreamConsumer* copy = clone->CreateConsumer(name, consumer->seen_ms);
    copy->active_ms = consumer->active_ms;
    for (const StreamPending* pending : consumer->pending_) {
      StreamPending* added = clone->Add(pending->id, *copy);
      added->delivery_ms = pending->delivery_ms;
      added->deliveries = pending->deliveries;
    }
  }
  return clone;
}

void StreamGroup::CheckInvariants() const {
  pending_.CheckInvariants();
  size_t owed = 0;
  for (const auto& [name, consumer] : consumers_) {
    Require(consumer->name() == name, "stream group: a consumer's name");
    consumer->pending_.CheckInvariants();
    owed += consumer->pending_.size();
    for (const StreamPending* pending : consumer->pending_) {
      Require(pending->consumer == consumer.get(), "stream group: a delivery is in another consumer's list");
      Require(pending_.Find(pending->id) == pending, "stream group: a delivery that the group does not know");
    }
  }
  Require(owed == pending_.size(), "stream group: a delivery without a consumer");
}

}  // namespace corral::storage
