#include "storage/types/zset_builder.h"

#include <algorithm>
#include <utility>

namespace corral::storage {

void ZsetBuilder::Sort() {
  std::sort(entries_.begin(), entries_.end(), [](const ZsetEntry* a, const ZsetEntry* b) {
    return ZsetItems::InOrder(a, b->score(), b->member());
  });
}

void ZsetBuilder::Finish(const ZsetLimits& limits, ValueSlot& value) {
  Sort();
  if (entries_.size() > limits.members || longest_ > limits.member_bytes) {
    object_->Order(entries_);
    return value.Become(std::move(object_));
  }
  for (const ZsetEntry* entry : entries_) PackedZset::Append(value, entry->member(), entry->score());
}

}  // namespace corral::storage
