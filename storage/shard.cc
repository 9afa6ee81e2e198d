#include "storage/shard.h"

namespace corral::storage {

bool Shard::SettleSome() {
  if (!recency.translation().under_way) {
    if (!recency.compaction_due()) return false;
    recency.BeginCompaction();
    settled_ = {};
  }
  for (; settled_.database < databases(); ++settled_.database, settled_.entry = 0) {
    Table* present = table(settled_.database);
    if (present != nullptr && present->BringUpNext(&settled_.entry)) return true;
  }
  recency.EndTranslation();
  return false;
}

// With a step for the others, so that a translation ends though nothing but commands runs.
void Shard::SettleKey(Table& table, uint64_t hash) {
  SettleSome();
  table.BringUp(hash);
}

void Shard::RestartRecency(RecencyMode mode, int64_t now_ms) {
  recency.Restart(mode, now_ms);
  settled_ = {};
}

}  // namespace corral::storage
