// Client-side caching: remembers which connection read which key, and tells it when the key changes.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/client.h"
#include "server/config/settings.h"
#include "server/tracking/courier.h"
#include "server/tracking/key_table.h"
#include "server/tracking/trackers.h"
#include "storage/base/random.h"
#include "storage/base/sharing.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"

namespace corral::tracking {

struct Figures {
  uint64_t clients = 0, keys = 0, items = 0, prefixes = 0;
};

// Two ways: a table from keys to the connections that read them (a key is forgotten once its connections are
// told), and prefixes, whose connections are told about every key that begins with them, once at the end of a
// worker's turn. Keys stand for themselves in all databases.
//
// The table is cut by the keyspace's shards, each part under its shard's lock, so that a read and its entry,
// a write and its invalidation are one step for everybody else: a connection is told about each change after
// the read it was told of. Connections stand in the table as 32-bit numbers, which are not used again;
// numbers of those that went are swept out in the background. Trackers knows whose they are. With one worker
// no lock is taken.
//
// Invalidations from several workers may reach a connection in another order than the changes had. None is
// lost, and that is all that a cache needs: each says that a key is stale, and each comes behind the replies
// that it makes stale.
class Tracking {
 public:
  // `seed` of the choice of the keys that are given up when the table is full.
  Tracking(storage::Keyspace& keyspace, storage::LazyFree& lazy_free, const config::Settings& settings,
           size_t workers, uint64_t seed);

  // Whether a change of a key could concern anybody: all that a write pays while it does not.
  bool active() const { return (keys_.value() | trackers_.broadcasting()) != 0; }

  // On the thread of the client's worker.
  void Enable(client::Client& client, const Wish& wish) { trackers_.Enable(client, wish); }
  // What it read stays in the table: if it turns tracking on again it is told.
  void Disable(client::Client& client) { trackers_.Disable(client); }
  // The client closes.
  void Forget(client::Client& client) { trackers_.Remove(client); }
  // The client's command has read `key`. With the lock of the key's shard.
  void Remember(client::Client& client, const storage::Key& key);
  // Behind the client's command and its reply: tells it what the command itself changed.
  void SendOwn(client::Client& client);

  // `running` is the client whose command runs on worker `here`, this thread's; null when the engine acted on
  // its own. With the lock of the key's shard.
  void KeyChanged(client::ClientOwner& here, client::Client* running, const storage::Key& key);
  // The same for a key that expired or was evicted, which nobody wrote. It differs for NOLOOP clients that
  // track by prefix, as in Redis: they are told even if their own command met the key. Those that track by
  // key are not.
  void KeyRemoved(client::ClientOwner& here, client::Client* running, const storage::Key& key);
  // Everything is stale. With the gate held as writer.
  void EverythingChanged(client::ClientOwner& here, client::Client* running);

  // At the end of a turn of worker `here`, before its output is sent: prefixes, and the limit on tracked
  // keys. No lock held.
  void EndTurn(client::ClientOwner& here);
  // Drops a bounded number of table entries of connections that are gone. No lock held; worker 0, now and
  // then.
  void Sweep();

  // With the gate held as writer.
  Figures figures() const;

 private:
  struct alignas(64) Part {
    KeyTable keys;
  };
  // Changed keys of one prefix in this turn, with the client that changed them (0: several, or the engine).
  using Changes = std::map<std::string, uint64_t, std::less<>>;
  struct alignas(64) Turn {                               // of one worker
    std::map<std::string, Changes, std::less<>> changes;  // by prefix
    storage::Random random{0};
  };

  Part& PartOf(uint64_t hash) { return parts_[keyspace_.ShardOf(hash)]; }
  static uint32_t TableHash(uint64_t hash) { return static_cast<uint32_t>(hash); }
  void NoteChange(client::ClientOwner& here, client::Client* writer, std::string_view key);
  // Tells those that read the key.
  void TellReaders(client::ClientOwner& here, client::Client* running, const storage::Key& key);
  // To all of `numbers` that are still there.
  void Tell(client::ClientOwner& here, client::Client* running, const TrackedKey& key,
            std::span<const uint32_t> numbers);
  void SendChanges(client::ClientOwner& here, const std::string& prefix, const Changes& changes);
  void KeepLimit(client::ClientOwner& here);

  storage::Keyspace& keyspace_;
  storage::LazyFree& lazy_free_;
  const config::Settings& settings_;
  const bool concurrent_;
  storage::SharedCounter keys_;  // in all parts; beside what trackers_ begins with, as active() reads both
  Trackers trackers_;
  Courier courier_;
  std::vector<Part> parts_;  // by shard
  std::vector<Turn> turns_;  // by worker

  // Of the sweep; worker 0's.
  uint32_t sweep_part_ = 0;
  uint64_t sweep_at_ = 0;
  uint64_t swept_departures_ = 0, sweeping_departures_ = 0;
};

}  // namespace corral::tracking
