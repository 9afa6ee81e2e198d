// The directives of the data types' encodings, of keyspace events and of leases.
#include <climits>

#include "server/config/directive.h"
#include "server/config/forms.h"

namespace corral::config {
namespace {

// A year; times in ms stay far from overflow.
constexpr int64_t kLongestLeaseMs = int64_t{366} * 24 * 3600 * 1000;

constexpr Choice kSanitize[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};

const Directive kRows[] = {
    {.name = "notify-keyspace-events", .kind = Kind::kForm, .form = &kNotifyForm},
    {.name = "hash-max-listpack-entries",
     .alias = "hash-max-ziplist-entries",
     .kind = Kind::kInteger,
     .initial = "512",
     .flags = kUnsigned | kAccepted},
    {.name = "hash-max-listpack-value",
     .alias = "hash-max-ziplist-value",
     .kind = Kind::kMemory,
     .initial = "64",
     .flags = kUnsigned | kAccepted},
    {.name = "list-max-listpack-size",
     .alias = "list-max-ziplist-size",
     .kind = Kind::kInteger,
     .initial = "-2",
     .low = INT_MIN,
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "list-compress-depth",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "set-max-intset-entries",
     .kind = Kind::kInteger,
     .initial = "512",
     .flags = kUnsigned | kAccepted},
    {.name = "set-max-listpack-entries",
     .kind = Kind::kInteger,
     .initial = "128",
     .flags = kUnsigned | kAccepted},
    {.name = "set-max-listpack-value",
     .kind = Kind::kInteger,
     .initial = "64",
     .flags = kUnsigned | kAccepted},
    {.name = "zset-max-listpack-entries",
     .alias = "zset-max-ziplist-entries",
     .kind = Kind::kInteger,
     .initial = "128",
     .flags = kUnsigned | kAccepted},
    {.name = "zset-max-listpack-value",
     .alias = "zset-max-ziplist-value",
     .kind = Kind::kMemory,
     .initial = "64",
     .flags = kUnsigned | kAccepted},
    {.name = "hll-sparse-max-bytes",
     .kind = Kind::kMemory,
     .initial = "3000",
     .flags = kUnsigned | kAccepted},
    {.name = "stream-node-max-bytes",
     .kind = Kind::kMemory,
     .initial = "4096",
     .flags = kUnsigned | kAccepted},
    {.name = "stream-node-max-entries", .kind = Kind::kInteger, .initial = "100", .flags = kAccepted},
    {.name = "lease-ms",
     .kind = Kind::kInteger,
     .initial = "10000",
     .low = 1,
     .slot = Number<&Settings::lease_ms>()},
    {.name = "lease-wait-ms",
     .kind = Kind::kInteger,
     .initial = "1000",
     .low = 1,
     .slot = Number<&Settings::lease_wait_ms>()},
    {.name = "lease-max-ms",
     .kind = Kind::kInteger,
     .initial = "3600000",
     .low = 1,
     .high = kLongestLeaseMs,
     .slot = Number<&Settings::lease_max_ms>()},
    {.name = "lease-max-waiters-per-key",
     .kind = Kind::kInteger,
     .initial = "100000",
     .slot = Number<&Settings::lease_max_waiters_per_key>()},
    {.name = "lease-max-waiters",
     .kind = Kind::kInteger,
     .initial = "1000000",
     .slot = Number<&Settings::lease_max_waiters>()},
    {.name = "lease-max-count",
     .kind = Kind::kInteger,
     .initial = "1000000",
     .low = 1,
     .slot = Number<&Settings::lease_max_count>()},
    {.name = "sanitize-dump-payload",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kAccepted,
     .choices = kSanitize},
};

}  // namespace

std::span<const Directive> DataDirectives() { return kRows; }

}  // namespace corral::config
