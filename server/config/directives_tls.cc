// The directives of TLS: accepted while no TLS port is asked for.
#include <climits>

#include "server/config/directive.h"

namespace corral::config {
namespace {

constexpr Choice kAuthClients[] = {{"no", 0}, {"yes", 1}, {"optional", 2}};

std::string CheckTlsPort(std::string_view value) {
  if (value == "0") return {};
  return "this version of Corral has no TLS; allowed: 0";
}

std::string CheckTlsOff(std::string_view value) {
  if (value == "no") return {};
  return "this version of Corral has no TLS; allowed: no";
}

const Directive kRows[] = {
    {.name = "tls-port", .kind = Kind::kInteger, .initial = "0", .high = 65535, .check = CheckTlsPort},
    {.name = "tls-replication", .kind = Kind::kYesNo, .initial = "no", .check = CheckTlsOff},
    {.name = "tls-cluster", .kind = Kind::kYesNo, .initial = "no", .check = CheckTlsOff},
    {.name = "tls-auth-clients",
     .kind = Kind::kChoice,
     .initial = "yes",
     .flags = kAccepted,
     .choices = kAuthClients},
    {.name = "tls-cert-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-key-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-key-file-pass", .flags = kSensitive | kAccepted | kUnsetIfDefault},
    {.name = "tls-client-cert-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-client-key-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-client-key-file-pass", .flags = kSensitive | kAccepted | kUnsetIfDefault},
    {.name = "tls-dh-params-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-ca-cert-file", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-ca-cert-dir", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-protocols", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-ciphers", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-ciphersuites", .flags = kAccepted | kUnsetIfDefault},
    {.name = "tls-prefer-server-ciphers", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "tls-session-caching", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "tls-session-cache-size",
     .kind = Kind::kInteger,
     .initial = "20480",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "tls-session-cache-timeout",
     .kind = Kind::kInteger,
     .initial = "300",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "max-new-tls-connections-per-cycle",
     .kind = Kind::kInteger,
     .initial = "1",
     .low = 1,
     .high = 1000,
     .flags = kAccepted},
};

}  // namespace

std::span<const Directive> TlsDirectives() { return kRows; }

}  // namespace corral::config
