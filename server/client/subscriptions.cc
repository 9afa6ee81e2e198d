// The slots of a set of topics.
#include "server/client/subscriptions.h"

namespace corral::client {
namespace {

constexpr size_t kLeastSlots = 2;

}  // namespace

TopicSet::Entry* TopicSet::Find(const pubsub::Topic* topic) const {
  if (size_ == 0) return nullptr;
  for (size_t at = Home(topic);; at = (at + 1) & mask_) {
    if (slots_[at].topic == topic) return &slots_[at];
    if (slots_[at].topic == nullptr) return nullptr;
  }
}

void TopicSet::Add(pubsub::Topic* topic, uint32_t position) {
  if (slots_ == nullptr) {
    Resize(kLeastSlots);
  } else if ((size_ + 1) * 4 > (mask_ + 1) * 3) {
    Resize((mask_ + 1) * 2);
  }
  size_t at = Home(topic);
  while (slots_[at].topic != nullptr) at = (at + 1) & mask_;
  slots_[at] = {topic, position};
  ++size_;
}

// Moves what follows back over the gap, so that no probe ends too early.
void TopicSet::Remove(Entry* entry) {
  size_t gap = static_cast<size_t>(entry - slots_.get());
  for (size_t at = (gap + 1) & mask_; slots_[at].topic != nullptr; at = (at + 1) & mask_) {
    size_t home = Home(slots_[at].topic);
    if (((at - home) & mask_) < ((at - gap) & mask_)) continue;  // its home lies behind the gap
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap].topic = nullptr;
  if (--size_ == 0) {
    slots_.reset();
    mask_ = any_ = 0;
  }
}

TopicSet::Entry* TopicSet::Any() const {
  while (slots_[any_].topic == nullptr) any_ = (any_ + 1) & mask_;
  return &slots_[any_];
}

void TopicSet::Resize(size_t capacity) {
  std::unique_ptr<Entry[]> old(new Entry[capacity]{});
  old.swap(slots_);
  const size_t old_slots = old != nullptr ? mask_ + 1 : 0;
  mask_ = capacity - 1;
  any_ = 0;
  for (size_t i = 0; i < old_slots; ++i) {
    if (old[i].topic == nullptr) continue;
    size_t at = Home(old[i].topic);
    while (slots_[at].topic != nullptr) at = (at + 1) & mask_;
    slots_[at] = old[i];
  }
}

}  // namespace corral::client
