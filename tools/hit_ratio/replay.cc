#include "tools/hit_ratio/replay.h"

#include <algorithm>
#include <cstdio>
#include <list>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/base/allocation.h"
#include "storage/base/clock.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"
#include "storage/memory_meter.h"

namespace corral::hit_ratio {

namespace {

using storage::Database;
using storage::Keyspace;
using storage::MemoryMeter;

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr size_t kKeyBytes = 16;

// What one key takes of the limit: one object, or what the storage code allocates for it.
size_t CostOf(const Request& request, const Limit& limit) {
  if (limit.objects != 0) return 1;
  constexpr size_t kHeaderBytes = 3;
  constexpr size_t kExpiryBytes = 8;
  constexpr size_t kIndexBytes = 11;
  constexpr size_t kReferenceBytes = 9;  // in the timing wheel
  const bool expires = request.ttl_ms != 0;
  return storage::SizeClass(kHeaderBytes + (expires ? kExpiryBytes : 0) + kKeyBytes + request.size) +
         kIndexBytes + (expires ? kReferenceBytes : 0);
}

// What of a value is really stored: where keys are counted, its size does not matter.
size_t StoredBytes(const Request& request, const Limit& limit) {
  constexpr uint32_t kMostBytes = 32;
  return limit.objects != 0 ? std::min(request.size, kMostBytes) : request.size;
}

size_t Capacity(const Limit& limit) { return limit.objects != 0 ? limit.objects : limit.bytes; }

int64_t ExpiryOf(const Request& request) {
  return request.ttl_ms != 0 ? request.time_ms + request.ttl_ms : INT64_MAX;
}

// Counts hits, and how many objects are held in the second half.
class Tally {
 public:
  explicit Tally(const Trace& trace) : requests_(trace.requests.size()) {}
  void Count(bool hit, size_t objects) {
    hits_ += hit;
    if (2 * ++seen_ > requests_) held_ += static_cast<double>(objects);
  }
  Score score() const {
    const auto requests = static_cast<double>(requests_);
    return {static_cast<double>(hits_) / requests, held_ / (requests / 2), 0};
  }
  size_t misses() const { return seen_ - hits_; }

 private:
  size_t requests_;
  size_t seen_ = 0;
  size_t hits_ = 0;
  double held_ = 0;
};

struct LruEntry {
  std::list<uint64_t>::iterator place;
  size_t cost;
  int64_t expiry_ms;
};

// The index of the next request for the same key, for each request; SIZE_MAX for none.
std::vector<size_t> NextUses(const Trace& trace) {
  std::vector<size_t> next(trace.requests.size());
  std::unordered_map<uint64_t, size_t> last;
  for (size_t i = trace.requests.size(); i-- > 0;) {
    const auto [entry, inserted] = last.try_emplace(trace.requests[i].key, SIZE_MAX);
    next[i] = entry->second;
    entry->second = i;
  }
  return next;
}

struct KeyText {
  explicit KeyText(uint64_t key) {
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(key));
  }
  std::string_view view() const { return {text, kKeyBytes}; }
  char text[kKeyBytes + 1];
};

}  // namespace

Score ReplayExactLru(const Trace& trace, const Limit& limit) {
  Tally tally(trace);
  std::list<uint64_t> order;  // the latest first
  std::unordered_map<uint64_t, LruEntry> entries;
  using Expiry = std::pair<int64_t, uint64_t>;
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<>> expiries;
  size_t used = 0;
  const auto erase = [&](auto entry) {
    used -= entry->second.cost;
    order.erase(entry->second.place);
    entries.erase(entry);
  };
  for (const Request& request : trace.requests) {
    for (; !expiries.empty() && expiries.top().first < request.time_ms; expiries.pop()) {
      const auto entry = entries.find(expiries.top().second);
      if (entry != entries.end() && entry->second.expiry_ms == expiries.top().first) erase(entry);
    }
    if (const auto entry = entries.find(request.key); entry != entries.end()) {
      order.splice(order.begin(), order, entry->second.place);
      tally.Count(true, entries.size());
      continue;
    }
    const size_t cost = CostOf(request, limit);
    tally.Count(false, entries.size());
    if (cost > Capacity(limit)) continue;
    while (used + cost > Capacity(limit)) erase(entries.find(order.back()));
    order.push_front(request.key);
    entries[request.key] = {order.begin(), cost, ExpiryOf(request)};
    used += cost;
    if (request.ttl_ms != 0) expiries.emplace(ExpiryOf(request), request.key);
  }
  return tally.score();
}

Score ReplayOptimum(const Trace& trace, const Limit& limit) {
  struct Entry {
    size_t next;
    size_t cost;
    int64_t expiry_ms;
  };
  const std::vector<size_t> next_uses = NextUses(trace);
  Tally tally(trace);
  std::unordered_map<uint64_t, Entry> entries;
  std::set<std::pair<size_t, uint64_t>> by_next_use;
  size_t used = 0;
  for (size_t i = 0; i < trace.requests.size(); ++i) {
    const Request& request = trace.requests[i];
    auto entry = entries.find(request.key);
    const bool present = entry != entries.end();
    const bool hit = present && entry->second.expiry_ms >= request.time_ms;
    tally.Count(hit, entries.size());
    const size_t cost = CostOf(request, limit);
    if (present) {
      by_next_use.erase({entry->second.next, request.key});
      if (!hit) entry->second.expiry_ms = ExpiryOf(request);
    } else if (cost > Capacity(limit)) {
      continue;
    } else {
      entry = entries.emplace(request.key, Entry{0, cost, ExpiryOf(request)}).first;
      used += cost;
    }
    // A value that will have expired by its next use is worth nothing.
    size_t next = next_uses[i];
    if (next != SIZE_MAX && trace.requests[next].time_ms > entry->second.expiry_ms) next = SIZE_MAX;
    entry->second.next = next;
    by_next_use.emplace(next, request.key);
    while (used > Capacity(limit)) {
      const auto furthest = std::prev(by_next_use.end());
      const auto victim = entries.find(furthest->second);
      used -= victim->second.cost;
      entries.erase(victim);
      by_next_use.erase(furthest);
    }
  }
  return tally.score();
}

Score ReplayKeyspace(const Trace& trace, const Limit& limit, storage::EvictionPolicy policy,
                     uint32_t shards) {
  storage::ManualClock clock(kStartMs);
  const storage::SystemClock system_clock;
  storage::LazyFree lazy_free;
  const int64_t base_bytes = MemoryMeter::UsedBytes();
  Keyspace keyspace({.databases = 1, .shards = shards, .concurrent = false, .seed = 1, .clock = &clock},
                    nullptr, &lazy_free);
  keyspace.SetEvictionPolicy(policy);
  Tally tally(trace);
  size_t largest = 0;
  for (const Request& request : trace.requests) {
    if (CostOf(request, limit) <= Capacity(limit)) largest = std::max(largest, StoredBytes(request, limit));
  }
  const std::string value(largest, 'v');
  uint64_t miss_ns = 0;
  int64_t next_due_ms = INT64_MAX;
  for (const Request& request : trace.requests) {
    const int64_t now_ms = kStartMs + request.time_ms;
    clock.Advance(now_ms - clock.unix_ms());
    if (next_due_ms <= now_ms) next_due_ms = keyspace.ExpireDue(0, 1, now_ms, INT64_MAX);
    Database database = keyspace.database(0, now_ms);
    const KeyText name(request.key);
    const storage::Key key = keyspace.MakeKey(name.view());
    const bool hit = database.Find(key) != nullptr;
    tally.Count(hit, database.size());
    // What could never fit is not stored, by none of the replays.
    if (hit || CostOf(request, limit) > Capacity(limit)) continue;
    const size_t size = StoredBytes(request, limit);
    const uint64_t start_ns = system_clock.monotonic_ns();
    if (limit.objects != 0) {
      // What the daemon's limit would be, were its memory all keys: one byte too little.
      while (database.size() >= limit.objects) {
        const auto used = static_cast<uint64_t>(MemoryMeter::UsedBytes());
        if (!keyspace.MakeRoom(used - 1, 0, now_ms)) break;
      }
    } else if (!keyspace.MakeRoom(static_cast<uint64_t>(base_bytes) + limit.bytes, size, now_ms)) {
      continue;
    }
    database.PutString(key, std::string_view(value).substr(0, size),
                       {.expire_at_ms = request.ttl_ms != 0 ? now_ms + request.ttl_ms : storage::kNoExpiry});
    miss_ns += system_clock.monotonic_ns() - start_ns;
    if (request.ttl_ms != 0) next_due_ms = std::min(next_due_ms, now_ms + request.ttl_ms);
  }
  Score score = tally.score();
  score.micros_per_miss =
      static_cast<double>(miss_ns) / 1000 / static_cast<double>(std::max<size_t>(tally.misses(), 1));
  return score;
}

}  // namespace corral::hit_ratio
