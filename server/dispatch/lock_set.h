// What has to be locked so that something may run: nothing, one shard, several, or the world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/command/table.h"
#include "server/dispatch/gate.h"
#include "storage/key.h"
#include "storage/keyspace.h"

namespace corral::dispatch {

// The locks of one plain command, or the union of those of several that run as one. Add what is to run, Lock,
// run it, Unlock; the set is empty again then. Shards are locked by index, so two sets never wait for each
// other. The world is the gate as writer; it includes every shard, and none is locked beside it, because what
// needs the world (a scan, say) locks shards for itself.
//
// One per worker, whose thread is inside the gate as a reader. With one worker Add finds nothing to lock.
class LockSet {
 public:
  LockSet(storage::Keyspace& keyspace, Gate& gate, size_t worker)
      : keyspace_(keyspace), gate_(gate), worker_(worker) {}
  ~LockSet() { Unlock(); }
  LockSet(const LockSet&) = delete;
  LockSet& operator=(const LockSet&) = delete;

  // What the command touches. A row that says kExclusive, or one of whose arguments not every key can be
  // told, needs the world. O(keys).
  void Add(const command::Command& command, std::span<const std::string_view> arguments);
  void AddKey(const storage::Key& key);
  void AddWorld();

  // Until everything that was added is this thread's alone. For the world the gate is left and entered again:
  // the others may have run since, so what was read before counts no more.
  void Lock();
  void Unlock();

  bool world() const { return world_; }
  // Ascending and without repetition once the set is locked.
  std::span<const uint32_t> shards() const { return shards_; }

 private:
  storage::Keyspace& keyspace_;
  Gate& gate_;
  const size_t worker_;
  bool world_ = false;
  bool locked_ = false;
  std::vector<uint32_t> shards_;
  std::optional<Gate::Exclusive> alone_;
  std::vector<command::KeyPosition> positions_;  // scratch
};

}  // namespace corral::dispatch
