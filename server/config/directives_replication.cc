// The directives of replication: accepted, and refused where they ask for a role that is not there.
#include <climits>

#include "server/config/directive.h"
#include "server/config/forms.h"

namespace corral::config {
namespace {

constexpr Choice kDisklessLoad[] = {
    {"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {"flush-before-load", 3}};
constexpr Choice kPropagationErrors[] = {{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}};

std::string CheckMinReplicas(std::string_view value) {
  if (value == "0") return {};
  return "this version of Corral has no replicas to wait for; allowed: 0";
}

const Directive kRows[] = {
    {.name = "replicaof",
     .alias = "slaveof",
     .kind = Kind::kForm,
     .flags = kImmutable | kManyWords | kUnsetIfDefault,
     .form = &kReplicaOfForm},
    {.name = "min-replicas-to-write",
     .alias = "min-slaves-to-write",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .check = CheckMinReplicas},
    {.name = "min-replicas-max-lag",
     .alias = "min-slaves-max-lag",
     .kind = Kind::kInteger,
     .initial = "10",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "masteruser", .alias = "primaryuser", .flags = kSensitive | kAccepted | kUnsetIfDefault},
    {.name = "masterauth", .alias = "primaryauth", .flags = kSensitive | kAccepted | kUnsetIfDefault},
    {.name = "replica-serve-stale-data",
     .alias = "slave-serve-stale-data",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kAccepted},
    {.name = "replica-read-only",
     .alias = "slave-read-only",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kAccepted},
    {.name = "replica-ignore-maxmemory",
     .alias = "slave-ignore-maxmemory",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kAccepted},
    {.name = "replica-lazy-flush",
     .alias = "slave-lazy-flush",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kAccepted},
    {.name = "replica-priority",
     .alias = "slave-priority",
     .kind = Kind::kInteger,
     .initial = "100",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "replica-announced", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "replica-announce-ip", .alias = "slave-announce-ip", .flags = kAccepted | kUnsetIfDefault},
    {.name = "replica-announce-port",
     .alias = "slave-announce-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "replica-ignore-disk-write-errors", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "propagation-error-behavior",
     .kind = Kind::kChoice,
     .initial = "ignore",
     .flags = kAccepted,
     .choices = kPropagationErrors},
    {.name = "repl-diskless-sync", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "repl-diskless-sync-delay",
     .kind = Kind::kInteger,
     .initial = "5",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "repl-diskless-sync-max-replicas",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "repl-rdb-channel", .kind = Kind::kYesNo, .initial = "no", .flags = kHidden | kAccepted},
    {.name = "replica-full-sync-buffer-limit", .kind = Kind::kMemory, .initial = "0", .flags = kAccepted},
    {.name = "repl-diskless-load",
     .kind = Kind::kChoice,
     .initial = "disabled",
     .flags = kAccepted,
     .choices = kDisklessLoad},
    {.name = "repl-disable-tcp-nodelay", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "repl-backlog-size", .kind = Kind::kMemory, .initial = "1mb", .low = 1, .flags = kAccepted},
    {.name = "repl-backlog-ttl", .kind = Kind::kInteger, .initial = "3600", .flags = kAccepted},
    {.name = "repl-timeout",
     .kind = Kind::kInteger,
     .initial = "60",
     .low = 1,
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "repl-ping-replica-period",
     .alias = "repl-ping-slave-period",
     .kind = Kind::kInteger,
     .initial = "10",
     .low = 1,
     .high = INT_MAX,
     .flags = kAccepted},
};

}  // namespace

std::span<const Directive> ReplicationDirectives() { return kRows; }

}  // namespace corral::config
