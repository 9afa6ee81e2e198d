// The consequences of writes, in one place: handlers and the storage engine only say what changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "server/command/context.h"
#include "server/lease/leases.h"
#include "server/pubsub/keyspace_events.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "storage/keyspace.h"

namespace corral::dispatch {

// Called on any worker, under the lock of the key's shard. A call that concerns somebody and comes from a
// thread that is no worker ends the process: nobody would be told.
class WriteEffects final : public command::Effects, public storage::KeyspaceListener {
 public:
  void KeyChanged(const storage::Database& database, const storage::Key& key,
                  const command::Event& event) override;
  void AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) override;
  void DatabaseFlushed(int database, uint64_t keys, int64_t now_ms) override;
  void DatabasesSwapped(int database, int other, int64_t now_ms) override;
  void KeyMissed(const storage::Database& database, const storage::Key& key) override;
  uint64_t dirty() const override { return dirty_.load(std::memory_order_relaxed); }

  void OnExpired(int database, const storage::Key& key) override;
  void OnEvicted(int database, const storage::Key& key) override;
  void OnFieldExpired(int database, const storage::Key& key, std::string_view field) override;
  void OnFieldsExpired(int database, const storage::Key& key, bool key_gone) override;
  void OnCreated(int database, const storage::Key& key) override;

  // threads 1: the counter needs no atomic addition.
  void set_concurrent(bool concurrent) { concurrent_ = concurrent; }
  // Before the first command; they need the keyspace, which needs this.
  void set_leases(lease::Leases& leases) { leases_ = &leases; }
  void set_events(pubsub::KeyspaceEvents& events) { events_ = &events; }
  void set_watches(transaction::Watches& watches) { watches_ = &watches; }
  void set_tracking(tracking::Tracking& tracking) { tracking_ = &tracking; }
  void set_services(const command::Services& services) { services_ = &services; }

  // Client-side caching: what a read of the key answers has changed.
  void Invalidate(const storage::Key& key);
  // The same for a key that expired or was evicted: nobody wrote it.
  void InvalidateRemoved(const storage::Key& key);

 private:
  void CountWrites(uint64_t writes);
  void InvalidateEverything();
  // To the log of effects. A write of a client goes there when its command ends (Invoker).
  void PropagateRemoval(int database, const storage::Key& key, bool lazy);
  void Notify(int database, const storage::Key& key, const command::Event& event);

  lease::Leases* leases_ = nullptr;
  pubsub::KeyspaceEvents* events_ = nullptr;
  tracking::Tracking* tracking_ = nullptr;
  transaction::Watches* watches_ = nullptr;
  const command::Services* services_ = nullptr;
  bool concurrent_ = false;
  std::atomic<uint64_t> dirty_{0};
};

}  // namespace corral::dispatch
