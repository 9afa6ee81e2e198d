#include "server/dispatch/chores.h"

#include <algorithm>
#include <cstdlib>

#include "server/client/registry.h"
#include "server/command/debug_switches.h"
#include "server/config/settings.h"
#include "server/log/log.h"
#include "server/log/throttle.h"
#include "storage/base/capacity.h"
#include "storage/memory_meter.h"

namespace corral::dispatch {

using client::Client;

Chores::Chores(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t worker,
               Executor& executor, client::ChunkPool& chunks)
    : services_(services),
      stats_(stats),
      gate_(gate),
      worker_(worker),
      executor_(executor),
      chunks_(chunks) {}

// --- expiry

void Chores::Expire(int64_t now_ms) {
  const int64_t unix_ms = executor_.clock().unix_ms();
  if (now_ms - last_expiry_ms_ < kExpiryIntervalMs && next_expiry_ms_ > unix_ms) return;
  last_expiry_ms_ = now_ms;
  expiry_stale_ = false;
  executor_.TakeWrote();
  if (!services_.debug.active_expiry.load(std::memory_order_relaxed)) {
    next_expiry_ms_ = INT64_MAX;
    return;
  }
  next_expiry_ms_ = services_.keyspace.ExpireDue(0, 1, unix_ms, kExpiryBudgetUs);
  storage::MemoryMeter::Publish();
}

int64_t Chores::Schedule(int64_t now_ms) {
  expiry_stale_ |= executor_.TakeWrote();
  const bool known = next_expiry_ms_ != INT64_MAX;
  const int64_t due_in_ms = known ? next_expiry_ms_ - executor_.clock().unix_ms() : INT64_MAX;
  expiry_waits_ = due_in_ms <= 0;
  int64_t at_ms = known && due_in_ms > 0 ? now_ms + due_in_ms : INT64_MAX;
  // Rounded, so that a busy loop sets its timer once a tick and not once a turn.
  if (expiry_stale_) at_ms = std::min(at_ms, (now_ms / kExpiryIntervalMs + 1) * kExpiryIntervalMs);
  return at_ms;
}

// --- maxmemory

uint64_t Chores::MemoryLimitBytes() const {
  return services_.settings.maxmemory_bytes + services_.clients.transit().bytes();
}

bool Chores::WithinMemory() const {
  return storage::MemoryMeter::UsedBytes() <= static_cast<int64_t>(MemoryLimitBytes());
}

bool Chores::Evict() {
  eviction_waits_ = false;
  const config::Settings& settings = services_.settings;
  if (settings.maxmemory_bytes == 0 || settings.maxmemory_policy == config::MaxmemoryPolicy::kNoEviction)
    return false;
  if (WithinMemory() || services_.clients.pause_mode() != client::PauseMode::kNone) return false;
  TrimChunks();  // before keys go
  found_victims_ = services_.keyspace.MakeRoom(MemoryLimitBytes(), 0, executor_.clock().unix_ms());
  return true;
}

void Chores::SettleEviction() {
  TrimChunks();
  eviction_waits_ = found_victims_ && !WithinMemory();
}

void Chores::EndTransit(size_t bytes) {
  if (services_.settings.maxmemory_bytes != 0) {
    // In transit, messages do not count against the limit. Their memory is given back before that ends, or
    // other workers would evict keys for it.
    TrimChunks();
    storage::MemoryMeter::Publish();
  }
  services_.clients.transit().Remove(bytes);
}

void Chores::TrimChunks() {
  if (services_.debug.reply_resizing.load(std::memory_order_relaxed)) chunks_.Trim();
}

// --- clients

void Chores::KeepClientMemory(client::ClientOwner& owner, int64_t now_ms) {
  client::MemoryLimit& limit = services_.clients.memory();
  if (!limit.on()) [[likely]]
    return;
  for (uint64_t id : touched_) {
    if (Client* client = owner.Find(id)) limit.Account(*client);
  }
  touched_.clear();
  storage::GiveBack(touched_);
  if (!limit.Exceeded(now_ms)) return;
  Gate::Exclusive alone(gate_, worker_);
  stats_.evicted_clients += limit.Enforce(services_.clients.All(), executor_.clock().unix_ms(), now_ms);
}

void Chores::BeginRound(int64_t unix_ms) {
  const int64_t reset_ms = services_.debug.reply_peak_reset_ms.load(std::memory_order_relaxed);
  new_peaks_ = reset_ms >= 0 && std::abs(unix_ms - peaks_reset_ms_) >= reset_ms;
  if (new_peaks_) peaks_reset_ms_ = unix_ms;
}

bool Chores::Inspect(Client& client, int64_t unix_ms) {
  if (new_peaks_) client.traffic.reply_peak_bytes = client.output.pending_bytes();
  Touched(client);
  const int64_t timeout_ms = services_.settings.timeout_s * int64_t{1000};
  const bool waits = client.blocked() || client.turn.held_back;
  const bool idle = timeout_ms > 0 && !waits && !client.session.monitor && !client.subscriptions &&
                    unix_ms - client.traffic.last_active_ms > timeout_ms;
  static log::Throttle closings("idle clients", 10, 5'000);
  if (idle && log::Enabled(log::Level::kVerbose) && closings.Allows()) log::Verbose("Closing idle client");
  return idle;
}

}  // namespace corral::dispatch
