// Which shards the keys of commands lie in, and the order in which those are locked.
#include "server/dispatch/lock_set.h"

#include <algorithm>

namespace corral::dispatch {

void LockSet::Add(const command::Command& command, std::span<const std::string_view> arguments) {
  if (!keyspace_.concurrent()) return;
  if (command.Is(command::kExclusive)) return AddWorld();
  if (command.spec->keys.empty()) return;
  const auto reaches_more = command.spec->reaches_more;
  if (reaches_more != nullptr && reaches_more(arguments)) return AddWorld();
  if (!FindKeys(command, arguments, &positions_)) return AddWorld();
  for (const command::KeyPosition& position : positions_) {
    AddKey(keyspace_.MakeKey(arguments[position.index]));
  }
}

void LockSet::AddKey(const storage::Key& key) {
  if (keyspace_.concurrent() && !world_) shards_.push_back(keyspace_.ShardOf(key.hash));
}

void LockSet::AddWorld() {
  if (!keyspace_.concurrent()) return;
  world_ = true;
  shards_.clear();
}

void LockSet::Lock() {
  locked_ = true;
  if (world_) {
    alone_.emplace(gate_, worker_);
    return;
  }
  std::sort(shards_.begin(), shards_.end());
  shards_.erase(std::unique(shards_.begin(), shards_.end()), shards_.end());
  for (uint32_t shard : shards_) keyspace_.Lock(shard);
}

void LockSet::Unlock() {
  if (!locked_) return;
  locked_ = world_ = false;
  alone_.reset();
  for (uint32_t shard : shards_) keyspace_.Unlock(shard);
  shards_.clear();
}

}  // namespace corral::dispatch
