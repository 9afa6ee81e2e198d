// The directives of Redis Cluster: accepted while the cluster is off.
#include <cctype>
#include <climits>

#include "server/config/directive.h"

namespace corral::config {
namespace {

constexpr Choice kEndpointTypes[] = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}};
constexpr size_t kLongestHostname = 255;

std::string CheckClusterEnabled(std::string_view value) {
  if (value == "no") return {};
  return "this version of Corral has no cluster mode; allowed: no";
}

std::string CheckHostname(std::string_view value) {
  if (value.size() > kLongestHostname) return "Hostnames must be less than 256 characters";
  for (const char c : value) {
    if (isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '.') {
      return "Hostnames may only contain alphanumeric characters, hyphens or dots";
    }
  }
  return {};
}

const Directive kRows[] = {
    {.name = "cluster-enabled",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kImmutable,
     .check = CheckClusterEnabled},
    {.name = "cluster-config-file", .initial = "nodes.conf", .flags = kImmutable | kAccepted},
    {.name = "cluster-node-timeout", .kind = Kind::kInteger, .initial = "15000", .flags = kAccepted},
    {.name = "cluster-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kImmutable | kAccepted},
    {.name = "cluster-replica-validity-factor",
     .alias = "cluster-slave-validity-factor",
     .kind = Kind::kInteger,
     .initial = "10",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "cluster-migration-barrier",
     .kind = Kind::kInteger,
     .initial = "1",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "cluster-allow-replica-migration", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "cluster-require-full-coverage", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "cluster-replica-no-failover",
     .alias = "cluster-slave-no-failover",
     .kind = Kind::kYesNo,
     .initial = "no",
     .flags = kAccepted},
    {.name = "cluster-allow-reads-when-down", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "cluster-allow-pubsubshard-when-down",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .flags = kAccepted},
    {.name = "cluster-link-sendbuf-limit",
     .kind = Kind::kMemory,
     .initial = "0",
     .high = -1,
     .flags = kUnsigned | kAccepted},
    {.name = "cluster-announce-ip", .flags = kAccepted | kUnsetIfDefault},
    {.name = "cluster-announce-hostname", .flags = kAccepted | kUnsetIfDefault, .check = CheckHostname},
    {.name = "cluster-announce-human-nodename", .flags = kAccepted | kUnsetIfDefault},
    {.name = "cluster-announce-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "cluster-announce-tls-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "cluster-announce-bus-port",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 65535,
     .flags = kAccepted},
    {.name = "cluster-preferred-endpoint-type",
     .kind = Kind::kChoice,
     .initial = "ip",
     .flags = kAccepted,
     .choices = kEndpointTypes},
    {.name = "cluster-compatibility-sample-ratio",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = 100,
     .flags = kAccepted},
};

}  // namespace

std::span<const Directive> ClusterDirectives() { return kRows; }

}  // namespace corral::config
