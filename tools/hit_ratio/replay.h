// Replays of a trace: each request reads its key and, on a miss, stores it; the result is the share of hits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "storage/eviction_policy.h"
#include "tools/hit_ratio/trace.h"

namespace corral::hit_ratio {

// How much fits: so many keys, or so many bytes of the allocator's memory (keys, values, index).
struct Limit {
  size_t objects = 0;  // 0: by bytes
  size_t bytes = 0;
};

struct Score {
  double hit_ratio = 0;
  double mean_objects = 0;     // held over the second half of the trace
  double micros_per_miss = 0;  // of the storage code, eviction and insertion
};

// The reference: the key that was not used for longest goes, exactly. Expired keys go at once.
Score ReplayExactLru(const Trace& trace, const Limit& limit);
// The optimum (Belady): the key whose next use is furthest away goes. With values of different sizes, close
// to it.
Score ReplayOptimum(const Trace& trace, const Limit& limit);
// The storage engine: Keyspace, with the expiry cycle, as the daemon drives it.
Score ReplayKeyspace(const Trace& trace, const Limit& limit, storage::EvictionPolicy policy, uint32_t shards);

// A redis-server of its own on a free loopback port, with so many keys (by steering its maxmemory). False and
// *error when it cannot be started. Its LRU clock ticks once a second: a fast replay flatters nobody there. A
// trace's times to live are left out, as its clock is not ours: hits that no other replay may count.
bool ReplayRedis(const std::string& program, const Trace& trace, size_t objects, const std::string& policy,
                 int samples, Score* score, std::string* error);

}  // namespace corral::hit_ratio
