// What the process uses of memory, as INFO memory, MEMORY STATS and MEMORY DOCTOR report it.
#pragma once

#include <cstdint>

#include "storage/memory_meter.h"

namespace corral::client {
class Registry;
}
namespace corral::storage {
class Keyspace;
}

namespace corral::telemetry {

class Telemetry;

// All in bytes.
struct MemoryFigures {
  int64_t used = 0, peak = 0, startup = 0;
  int64_t clients = 0;  // connections' state and buffers
  int64_t tables = 0;   // indexes of the databases, without keys and values
  int64_t resident = 0, system = 0;
  storage::AllocatorStats allocator;

  int64_t overhead() const { return startup + clients + tables; }
  int64_t dataset() const { return used > overhead() ? used - overhead() : 0; }
  double dataset_percent() const;
  double peak_percent() const;
  double fragmentation() const;  // resident / used
};

// Slow (an allocator epoch, a visit of every client). Gate held as writer.
MemoryFigures ReadMemoryFigures(const Telemetry& telemetry, const client::Registry& clients,
                                storage::Keyspace& keyspace);

}  // namespace corral::telemetry
