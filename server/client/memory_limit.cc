// The sum of what connections hold, and the eviction of the largest.
#include "server/client/memory_limit.h"

#include <algorithm>
#include <vector>

#include "server/client/client.h"
#include "server/log/log.h"
#include "server/log/throttle.h"

namespace corral::client {
namespace {

constexpr int64_t kQuietMs = 100;

}  // namespace

void MemoryLimit::Set(uint64_t limit_bytes) {
  if (limit_bytes == limit_bytes_) return;
  limit_bytes_ = limit_bytes;
  recount_.store(limit_bytes != 0, std::memory_order_relaxed);
  quiet_until_ms_.store(0, std::memory_order_relaxed);
}

void MemoryLimit::Account(Client& client) {
  const size_t bytes = client.MemoryBytes();
  held_bytes_.fetch_add(bytes - client.counted_memory_bytes, std::memory_order_relaxed);
  client.counted_memory_bytes = bytes;
}

void MemoryLimit::Forget(Client& client) {
  if (client.counted_memory_bytes == 0) return;
  held_bytes_.fetch_sub(client.counted_memory_bytes, std::memory_order_relaxed);
  client.counted_memory_bytes = 0;
}

bool MemoryLimit::Exceeded(int64_t monotonic_ms) const {
  if (!on()) return false;
  if (recount_.load(std::memory_order_relaxed)) return true;
  return held_bytes_.load(std::memory_order_relaxed) >= limit_bytes_ &&
         monotonic_ms >= quiet_until_ms_.load(std::memory_order_relaxed);
}

uint64_t MemoryLimit::Enforce(std::span<Client* const> clients, int64_t unix_ms, int64_t monotonic_ms) {
  recount_.store(false, std::memory_order_relaxed);
  uint64_t held = 0;
  std::vector<Client*> evictable;
  for (Client* client : clients) {
    if (client->close_now()) continue;
    Account(*client);
    held += client->counted_memory_bytes;
    if (!client->session.no_evict) evictable.push_back(client);
  }
  if (held < limit_bytes_) return 0;
  std::sort(evictable.begin(), evictable.end(), [](const Client* a, const Client* b) {
    return a->counted_memory_bytes > b->counted_memory_bytes;
  });
  uint64_t evicted = 0;
  for (Client* client : evictable) {
    if (held < limit_bytes_) break;
    static log::Throttle evictions("evicted clients", 10, 5'000);
    if (evictions.Allows()) log::Notice("Evicting client: {}", Describe(*client, unix_ms));
    held -= client->counted_memory_bytes;
    Forget(*client);
    client->CloseNow();
    client->owner().Revisit(client->id);
    ++evicted;
  }
  if (held >= limit_bytes_) {
    static log::Throttle failures("evicting clients in vain", 1, 10'000);
    if (failures.Allows()) log::Warning("Over client maxmemory after evicting all evictable clients");
    quiet_until_ms_.store(monotonic_ms + kQuietMs, std::memory_order_relaxed);
  }
  return evicted;
}

}  // namespace corral::client
