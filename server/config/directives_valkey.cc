// The directives that Valkey 7.2 to 9 has beyond Redis: accepted, and refused where they ask for a listener,
// a role or an access that is not there.
#include <climits>

#include "server/config/directive.h"

namespace corral::config {
namespace {

constexpr Choice kLogFormats[] = {{"legacy", 0}, {"logfmt", 1}};
constexpr Choice kTimestampFormats[] = {{"legacy", 0}, {"iso8601", 1}, {"milliseconds", 2}};
constexpr Choice kVersionChecks[] = {{"strict", 0}, {"relaxed", 1}};
constexpr Choice kCertificateUsers[] = {{"off", 0}, {"CN", 1}, {"URI", 2}};
constexpr Choice kSaveBehaviors[] = {{"sync", 0}, {"best-effort", 1}};

constexpr int64_t kMega = 1024 * 1024;

std::string CheckRdmaPort(std::string_view value) {
  return value == "0" ? "" : "Corral does not listen for RDMA; allowed: 0";
}

std::string CheckRdmaAddress(std::string_view value) {
  return value.empty() ? "" : "Corral does not listen for RDMA; allowed: \"\"";
}

std::string CheckSocketGroup(std::string_view value) {
  return value.empty() ? "" : "Corral does not change the group of its socket; allowed: \"\"";
}

std::string CheckCertificateUser(std::string_view value) {
  return value == "off" ? "" : "this version of Corral has no TLS; allowed: off";
}

std::string CheckImport(std::string_view value) {
  return value == "no" ? "" : "Corral always lets keys expire; allowed: no";
}

std::string CheckFailover(std::string_view value) {
  return value == "no" ? "" : "this version of Corral has no replicas to hand over to; allowed: no";
}

const Directive kRows[] = {
    {.name = "unixsocketgroup", .flags = kImmutable, .check = CheckSocketGroup},
    {.name = "rdma-port", .kind = Kind::kInteger, .initial = "0", .high = 65535, .check = CheckRdmaPort},
    {.name = "rdma-bind", .check = CheckRdmaAddress},
    {.name = "tls-auth-clients-user",
     .kind = Kind::kChoice,
     .initial = "off",
     .choices = kCertificateUsers,
     .check = CheckCertificateUser},
    {.name = "import-mode", .kind = Kind::kYesNo, .initial = "no", .check = CheckImport},
    {.name = "auto-failover-on-shutdown", .kind = Kind::kYesNo, .initial = "no", .check = CheckFailover},
    {.name = "rdma-rx-size",
     .kind = Kind::kInteger,
     .initial = "1048576",
     .low = 64 * 1024,
     .high = 16 * kMega,
     .flags = kImmutable | kAccepted},
    {.name = "rdma-completion-vector",
     .kind = Kind::kInteger,
     .initial = "-1",
     .low = -1,
     .high = 1024,
     .flags = kImmutable | kAccepted},
    {.name = "tls-auto-reload-interval",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "mptcp", .kind = Kind::kYesNo, .initial = "no", .flags = kImmutable | kAccepted},
    {.name = "repl-mptcp", .kind = Kind::kYesNo, .initial = "no", .flags = kImmutable | kAccepted},
    {.name = "log-format",
     .kind = Kind::kChoice,
     .initial = "legacy",
     .flags = kAccepted,
     .choices = kLogFormats},
    {.name = "log-timestamp-format",
     .kind = Kind::kChoice,
     .initial = "legacy",
     .flags = kAccepted,
     .choices = kTimestampFormats},
    {.name = "availability-zone", .flags = kAccepted},
    {.name = "extended-redis-compatibility", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "lua-enable-insecure-api",
     .alias = "lua-enable-deprecated-api",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kAccepted},
    {.name = "hash-seed", .flags = kImmutable | kSensitive | kAccepted | kUnsetIfDefault},
    {.name = "io-threads-always-active", .kind = Kind::kYesNo, .initial = "no", .flags = kHidden | kAccepted},
    {.name = "events-per-io-thread",
     .kind = Kind::kInteger,
     .initial = "2",
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "prefetch-batch-max-size",
     .kind = Kind::kInteger,
     .initial = "16",
     .high = 128,
     .flags = kAccepted},
    {.name = "min-io-threads-avoid-copy-reply",
     .kind = Kind::kInteger,
     .initial = "7",
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "min-string-size-avoid-copy-reply",
     .kind = Kind::kInteger,
     .initial = "16384",
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "min-string-size-avoid-copy-reply-threaded",
     .kind = Kind::kInteger,
     .initial = "65536",
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "active-defrag-cycle-us",
     .kind = Kind::kInteger,
     .initial = "500",
     .high = 100000,
     .flags = kAccepted},
    {.name = "commandlog-request-larger-than",
     .kind = Kind::kInteger,
     .initial = "1048576",
     .low = -1,
     .flags = kAccepted},
    {.name = "commandlog-large-request-max-len",
     .kind = Kind::kInteger,
     .initial = "128",
     .flags = kAccepted},
    {.name = "commandlog-reply-larger-than",
     .kind = Kind::kInteger,
     .initial = "1048576",
     .low = -1,
     .flags = kAccepted},
    {.name = "commandlog-large-reply-max-len", .kind = Kind::kInteger, .initial = "128", .flags = kAccepted},
    {.name = "rdb-version-check",
     .kind = Kind::kChoice,
     .initial = "strict",
     .flags = kAccepted,
     .choices = kVersionChecks},
    {.name = "dual-channel-replication-enabled", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "slot-migration-max-failover-repl-bytes",
     .kind = Kind::kMemory,
     .initial = "0",
     .flags = kAccepted},
    {.name = "cluster-databases",
     .kind = Kind::kInteger,
     .initial = "1",
     .low = 1,
     .high = INT_MAX,
     .flags = kImmutable | kAccepted},
    {.name = "cluster-slot-stats-enabled", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "cluster-slot-migration-log-max-len",
     .kind = Kind::kInteger,
     .initial = "1000",
     .flags = kAccepted},
    {.name = "cluster-blacklist-ttl", .kind = Kind::kInteger, .initial = "60", .flags = kAccepted},
    {.name = "cluster-manual-failover-timeout",
     .kind = Kind::kInteger,
     .initial = "5000",
     .low = 1,
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "cluster-ping-interval", .kind = Kind::kInteger, .initial = "0", .flags = kHidden | kAccepted},
    {.name = "cluster-message-gossip-perc",
     .kind = Kind::kInteger,
     .initial = "10",
     .high = 100,
     .flags = kAccepted},
    {.name = "cluster-config-save-behavior",
     .kind = Kind::kChoice,
     .initial = "sync",
     .flags = kAccepted,
     .choices = kSaveBehaviors},
    {.name = "cluster-announce-client-ipv4", .flags = kAccepted | kUnsetIfDefault},
    {.name = "cluster-announce-client-ipv6", .flags = kAccepted | kUnsetIfDefault},
    {.name = "cluster-announce-client-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "cluster-announce-client-tls-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "debug-context", .flags = kHidden | kAccepted},
};

}  // namespace

std::span<const Directive> ValkeyDirectives() { return kRows; }

}  // namespace corral::config
