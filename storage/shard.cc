#include "storage/shard.h"

namespace corral::storage {

void Shard::CompactStamps() {
  recency.Compact([this](auto&& visit) {
    for (int database = 0; database < databases(); ++database) {
      const Table* present = table(database);
      if (present == nullptr) continue;
      present->index().ForEachBucket([&](Bucket& bucket) { visit(bucket.stamps, Bucket::kSlots); });
    }
  });
}

void Shard::RestartRecency(RecencyMode mode, int64_t now_ms) {
  recency.Restart(mode, now_ms);
  for (int database = 0; database < databases(); ++database) {
    const Table* present = table(database);
    if (present == nullptr) continue;
    present->index().ForEachBucket([&](Bucket& bucket) {
      for (int i = 0; i < Bucket::kSlots; ++i) {
        if (bucket.slots[i].empty()) continue;
        // The tag is enough here: the low half of the hash matters for evicted keys only, and the clock
        // remembers none after a restart.
        bucket.stamps[i] = recency.NewStamp(bucket.slots[i].tag(), now_ms);
      }
    });
  }
}

}  // namespace corral::storage
