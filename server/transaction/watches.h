// WATCH: which connections want to know whether which keys change.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "server/client/client.h"
#include "storage/keyspace.h"

namespace corral::transaction {

// A key that is watched and changes in any way marks its watchers (client::Watching::touched), and their EXEC
// runs nothing. A key that was absent, or whose time was over, when it was watched does not change by going
// away. https://redis.io/docs/latest/develop/interact/transactions/
//
// Cut by the keyspace's shards: what names a key requires the lock of that key's shard, "the world" the gate
// as writer. Without any watch a write costs one relaxed load (empty()).
class Watches {
 public:
  explicit Watches(storage::Keyspace& keyspace);
  ~Watches();
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;

  bool empty() const { return keys() == 0; }

  // ---- The connection's thread.
  // Nothing when the client watches the key already.
  void Add(client::Client& client, storage::Database& database, const storage::Key& key);
  // Whether a key of the client's has changed, or its time is over at `now_ms` (Unix time). The locks of all
  // of them are held.
  bool Broken(const client::Client& client, int64_t now_ms) const;
  void ForEachKey(const client::Client& client, const std::function<void(const storage::Key&)>& visit) const;
  // The client watches nothing any more. The locks of all its keys are held, or, for Forget, none is: it
  // locks their shards itself.
  void ForgetLocked(client::Client& client);
  void Forget(client::Client& client);

  // ---- Writes: under the lock of the key's shard.
  void KeyChanged(int database, const storage::Key& key) { Touch(database, key, false); }
  void KeyExpired(int database, const storage::Key& key) { Touch(database, key, true); }
  // ---- The world, after the change.
  void DatabaseFlushed(int database);  // -1: all
  void DatabasesSwapped(int database, int other, int64_t now_ms);
  void CheckInvariants() const;  // aborts with a message

  // Keys that somebody watches, and connections that watch any.
  size_t keys() const { return keys_.load(std::memory_order_relaxed); }
  size_t clients() const { return clients_.load(std::memory_order_relaxed); }

 private:
  struct WatchedKey;
  struct Watch;
  class Watcher;
  struct Shard;

  static Watcher* WatcherOf(const client::Client& client);
  void Touch(int database, const storage::Key& key, bool by_time);
  void Remove(Watch& watch);

  storage::Keyspace& keyspace_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<size_t> keys_{0}, clients_{0};
};

}  // namespace corral::transaction
