// Counts what changed; the features that listen to writes hang here.
#include "server/dispatch/effects.h"

#include "server/command/pending_effects.h"
#include "server/config/settings.h"
#include "server/dispatch/worker.h"
#include "storage/base/invariant.h"

namespace corral::dispatch {
namespace {

// Whoever changes a key runs on a worker, which carries the news to its clients.
Worker& Here() {
  Worker* here = Worker::Current();
  storage::Require(here != nullptr, "effects: a key changes on a thread that is no worker");
  return *here;
}

}  // namespace

void WriteEffects::CountWrites(uint64_t writes) {
  if (concurrent_) {
    dirty_.fetch_add(writes, std::memory_order_relaxed);
  } else {
    dirty_.store(dirty_.load(std::memory_order_relaxed) + writes, std::memory_order_relaxed);
  }
}

void WriteEffects::Invalidate(const storage::Key& key) {
  if (!tracking_->active()) [[likely]]
    return;
  Worker& here = Here();
  tracking_->KeyChanged(here, here.running(), key);
}

void WriteEffects::InvalidateRemoved(const storage::Key& key) {
  if (!tracking_->active()) [[likely]]
    return;
  Worker& here = Here();
  tracking_->KeyRemoved(here, here.running(), key);
}

void WriteEffects::InvalidateEverything() {
  Worker& here = Here();
  tracking_->EverythingChanged(here, here.running());
}

void WriteEffects::PropagateRemoval(int database, const storage::Key& key, bool lazy) {
  command::EffectLog* log = services_->effect_log;
  if (log == nullptr) [[likely]]
    return;
  const std::string_view arguments[] = {command::DeletionName(lazy), key.name};
  command::PendingEffects::OfThread().Remove(*log, {database, arguments});
}

void WriteEffects::Notify(int database, const storage::Key& key, const command::Event& event) {
  if (!events_->Wanted(event.event_class)) [[likely]]
    return;
  events_->Raise(Here(), database, key.name, event.name);
}

void WriteEffects::KeyMissed(const storage::Database& database, const storage::Key& key) {
  Notify(database.index(), key, command::events::kKeyMiss);
}

void WriteEffects::KeyChanged(const storage::Database& database, const storage::Key& key,
                              const command::Event& event) {
  if (event.changes != 0) CountWrites(event.changes);
  if (!leases_->empty()) [[unlikely]]
    leases_->KeyChanged(database, key, event);
  if (!watches_->empty()) [[unlikely]]
    watches_->KeyChanged(database.index(), key);
  Invalidate(key);
  Notify(database.index(), key, event);
}

void WriteEffects::AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) {
  if (!leases_->empty()) [[unlikely]]
    leases_->Invalidate(database, key);
}

void WriteEffects::DatabaseFlushed(int database, uint64_t keys, int64_t now_ms) {
  CountWrites(keys);
  leases_->DatabaseFlushed(database, now_ms);
  watches_->DatabaseFlushed(database);
  InvalidateEverything();
}

void WriteEffects::DatabasesSwapped(int database, int other, int64_t now_ms) {
  CountWrites(1);
  if (database == other) return;
  leases_->DatabasesSwapped(database, other, now_ms);
  watches_->DatabasesSwapped(database, other, now_ms);
  // Redis leaves this out, and its clients with the values of the other database.
  InvalidateEverything();
}

void WriteEffects::OnExpired(int database, const storage::Key& key) {
  if (!watches_->empty()) [[unlikely]]
    watches_->KeyExpired(database, key);
  Notify(database, key, command::events::kExpired);
  InvalidateRemoved(key);
  PropagateRemoval(database, key, services_->settings.lazyfree_lazy_expire);
}

void WriteEffects::OnEvicted(int database, const storage::Key& key) {
  if (!watches_->empty()) [[unlikely]]
    watches_->KeyChanged(database, key);
  InvalidateRemoved(key);
  Notify(database, key, command::events::kEvicted);
  PropagateRemoval(database, key, services_->settings.lazyfree_lazy_eviction);
}

void WriteEffects::OnFieldExpired(int database, const storage::Key& key, std::string_view field) {
  command::EffectLog* log = services_->effect_log;
  if (log == nullptr) [[likely]]
    return;
  const std::string_view arguments[] = {"HDEL", key.name, field};
  command::PendingEffects::OfThread().Remove(*log, {database, arguments});
}

void WriteEffects::OnFieldsExpired(int database, const storage::Key& key, bool key_gone) {
  if (!watches_->empty()) [[unlikely]]
    watches_->KeyChanged(database, key);
  InvalidateRemoved(key);
  Notify(database, key, command::events::kHexpired);
  if (key_gone) Notify(database, key, command::events::kDelOfEmpty);
}

void WriteEffects::OnCreated(int database, const storage::Key& key) {
  Notify(database, key, command::events::kNew);
}

}  // namespace corral::dispatch
