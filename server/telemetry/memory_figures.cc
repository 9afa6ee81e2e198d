// Collects memory figures from the meter, the allocator, the clients and the kernel.
#include "server/telemetry/memory_figures.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/telemetry/telemetry.h"
#include "storage/keyspace.h"

namespace corral::telemetry {
namespace {

double Ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// 0 where /proc is not there.
int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size_pages = 0, resident_pages = 0;
  if (!(file >> size_pages >> resident_pages)) return 0;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

// A buffer that clients alone hold counts once, however many of them are to get it; one that a key holds as
// well is the data's.
int64_t ClientBytes(const std::vector<client::Client*>& clients) {
  size_t bytes = 0;
  std::unordered_map<const char*, uint32_t> seen;  // how often each shared buffer was met
  for (const client::Client* client : clients) {
    bytes += client->OwnMemoryBytes();
    client->output.ForEachShared([&](const storage::SharedBytes& shared) {
      if (++seen[shared.data()] == shared.handles()) bytes += shared.allocated_bytes();
    });
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace

double MemoryFigures::dataset_percent() const {
  return std::min(100.0, Ratio(dataset(), std::max<int64_t>(used - startup, 0)) * 100);
}
double MemoryFigures::peak_percent() const { return Ratio(used, peak) * 100; }
double MemoryFigures::fragmentation() const { return Ratio(resident, used); }

MemoryFigures ReadMemoryFigures(const Telemetry& telemetry, const client::Registry& clients,
                                storage::Keyspace& keyspace) {
  MemoryFigures figures;
  figures.used = storage::MemoryMeter::UsedBytes();
  figures.peak = std::max(figures.used, storage::MemoryMeter::PeakBytes());
  figures.startup = telemetry.facts.startup_used_bytes;
  figures.clients = ClientBytes(clients.All());
  figures.tables = static_cast<int64_t>(keyspace.TableBytes());
  figures.resident = ResidentBytes();
  figures.system = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  figures.allocator = storage::ReadAllocatorStats();
  return figures;
}

}  // namespace corral::telemetry
