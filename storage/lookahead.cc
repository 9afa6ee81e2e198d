// The loops over the keys: their buckets, the records that these name, and the records themselves.
#include "storage/lookahead.h"

#include "storage/base/prefetch.h"

namespace corral::storage {

Lookahead::Lookahead(const Keyspace& keyspace) : keyspace_(keyspace) {
  if (keyspace.concurrent()) heads_.resize(keyspace.shard_count(), kNone);
}

void Lookahead::Clear() {
  keys_.clear();
  for (const uint32_t shard : shards_) heads_[shard] = kNone;
  shards_.clear();
}

void Lookahead::Add(int database, uint64_t hash) {
  if (full()) return;
  keys_.push_back({hash, database, kNone});
  if (keyspace_.concurrent()) Chain(keys_.back());
}

void Lookahead::Chain(Ahead& key) {
  const uint32_t shard = keyspace_.ShardOf(key.hash);
  uint32_t& head = heads_[shard];
  if (head == kNone) {
    shards_.push_back(shard);
    keyspace_.PrefetchLock(key.hash);
  }
  key.previous = head;
  head = static_cast<uint32_t>(keys_.size() - 1);
}

template <class Step>
void Lookahead::ForEachKey(Step&& step) {
  if (!keyspace_.concurrent()) {
    for (const Ahead& key : keys_) step(key);
    return;
  }
  for (const uint32_t shard : shards_) {
    if (!keyspace_.TryLock(shard)) continue;
    for (uint32_t at = heads_[shard]; at != kNone; at = keys_[at].previous) step(keys_[at]);
    keyspace_.Unlock(shard);
  }
}

void Lookahead::Run() {
  ForEachKey([this](const Ahead& key) { keyspace_.PrefetchBucket(key.database, key.hash); });
  // The record of a single key is needed before it could arrive.
  if (keys_.size() < 2) return;
  lines_.clear();
  ForEachKey([this](const Ahead& key) {
    keyspace_.VisitNext(key.database, key.hash, [this](const void* line) { lines_.push_back(line); });
  });
  for (const void* line : lines_) Prefetch(line);
}

}  // namespace corral::storage
