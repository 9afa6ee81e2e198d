// What a worker does though no client asks for it: expiry, eviction, and limits on its clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/client/client.h"
#include "server/client/output_buffer.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate.h"
#include "server/telemetry/telemetry.h"

namespace corral::dispatch {

// Each chore has a share of a turn; waits() says that more is left than the turn had time for. `now_ms` is
// monotonic. The worker's thread, in a turn.
class Chores {
 public:
  Chores(command::Services& services, telemetry::WorkerStats& stats, Gate& gate, size_t worker,
         Executor& executor, client::ChunkPool& chunks);
  Chores(const Chores&) = delete;
  Chores& operator=(const Chores&) = delete;

  // Removes keys that are due, when some are known to be, or might be since a tick of the timing wheels.
  void Expire(int64_t now_ms);
  // Expiry has rested (CLIENT PAUSE): keys may be due.
  void ExpiryRested() { expiry_stale_ = true; }

  // Keeps maxmemory also where no write asks for room: what connections send and are owed is memory as well.
  // True when keys may have gone: whoever has to be told of them is sent that now, and then SettleEviction
  // says whether that was enough.
  bool Evict();
  void SettleEviction();
  // This turn has sent so many bytes of messages for other workers: they are in transit no longer.
  void EndTransit(size_t bytes);
  // Gives back what is only kept for later.
  void TrimChunks();

  // maxmemory-clients. The client's memory may have changed; no effect while there is no such limit.
  void Touched(const client::Client& client) {
    if (services_.clients.memory().on()) [[unlikely]]
      touched_.push_back(client.id);
  }
  // Counts those that were touched, and tells the largest of all clients to close while it is too much.
  // `owner` is this worker.
  void KeepClientMemory(client::ClientOwner& owner, int64_t now_ms);

  // Every client is inspected now and then: BeginRound, then Inspect with each. True when it has been idle
  // for too long (timeout).
  void BeginRound(int64_t unix_ms);
  bool Inspect(client::Client& client, int64_t unix_ms);

  bool waits() const { return expiry_waits_ || eviction_waits_; }
  // At the end of a turn: when the next one is needed, INT64_MAX if never.
  int64_t Schedule(int64_t now_ms);

  static constexpr int64_t kExpiryIntervalMs = 16;  // a tick of the timing wheels
  static constexpr int64_t kExpiryBudgetUs = 200;

 private:
  uint64_t MemoryLimitBytes() const;
  bool WithinMemory() const;

  command::Services& services_;
  telemetry::WorkerStats& stats_;
  Gate& gate_;
  const size_t worker_;
  Executor& executor_;
  client::ChunkPool& chunks_;

  int64_t next_expiry_ms_ = 0;  // Unix ms at which keys are due, as far as known
  int64_t last_expiry_ms_ = 0;  // monotonic
  bool expiry_stale_ = true;    // keys may be due before next_expiry_ms_: commands have written since
  bool expiry_waits_ = false;
  bool found_victims_ = false;  // the last eviction did
  bool eviction_waits_ = false;
  std::vector<uint64_t> touched_;  // ids
  int64_t peaks_reset_ms_ = 0;     // Unix time
  bool new_peaks_ = false;         // in this round
};

}  // namespace corral::dispatch
