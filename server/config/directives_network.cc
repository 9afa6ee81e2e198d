// The directives of connections, their limits and access.
#include <climits>

#include "server/config/directive.h"
#include "server/config/forms.h"

namespace corral::config {
namespace {

constexpr int64_t kMega = 1024 * 1024;

constexpr Choice kAllowedFor[] = {
    {"no", static_cast<int64_t>(AllowedFor::kNobody)},
    {"yes", static_cast<int64_t>(AllowedFor::kEverybody)},
    {"local", static_cast<int64_t>(AllowedFor::kLocal)},
};
constexpr Choice kAclPubsub[] = {{"allchannels", 1}, {"resetchannels", 0}};

std::string CheckAclFile(std::string_view value) {
  if (value.empty()) return {};
  return "this version of Corral has no access control lists; allowed: \"\"";
}

const Directive kRows[] = {
    {.name = "bind",
     .kind = Kind::kForm,
     .initial = "* -::*",
     .flags = kManyWords | kUnsetIfDefault,
     .form = &kBindForm},
    {.name = "port",
     .kind = Kind::kInteger,
     .initial = "6379",
     .high = 65535,
     .slot = Number<&Settings::port>()},
    {.name = "tcp-backlog",
     .kind = Kind::kInteger,
     .initial = "511",
     .high = INT_MAX,
     .flags = kImmutable,
     .slot = Number<&Settings::tcp_backlog>()},
    {.name = "unixsocket", .flags = kImmutable | kUnsetIfDefault, .slot = Text(&Settings::unixsocket)},
    {.name = "unixsocketperm",
     .kind = Kind::kOctal,
     .initial = "0",
     .high = 0777,
     .flags = kImmutable | kUnsigned,
     .slot = Number<&Settings::unixsocketperm>()},
    {.name = "timeout",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .slot = Number<&Settings::timeout_s>()},
    {.name = "tcp-keepalive",
     .kind = Kind::kInteger,
     .initial = "300",
     .high = INT_MAX,
     .slot = Number<&Settings::tcp_keepalive_s>()},
    {.name = "maxclients",
     .kind = Kind::kInteger,
     .initial = "10000",
     .low = 1,
     .high = UINT_MAX,
     .flags = kUnsigned,
     .slot = Number<&Settings::maxclients>()},
    {.name = "max-new-connections-per-cycle",
     .kind = Kind::kInteger,
     .initial = "10",
     .low = 1,
     .high = 1000,
     .slot = Number<&Settings::max_new_connections_per_cycle>()},
    {.name = "client-output-buffer-limit",
     .kind = Kind::kForm,
     .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
     .flags = kManyWords,
     .form = &kBufferLimitForm},
    {.name = "client-query-buffer-limit",
     .kind = Kind::kMemory,
     .initial = "1gb",
     .low = kMega,
     .flags = kUnsigned,
     .slot = Number<&Settings::client_query_buffer_limit_bytes>()},
    {.name = "proto-max-bulk-len",
     .kind = Kind::kMemory,
     .initial = "512mb",
     .low = kMega,
     .slot = Number<&Settings::proto_max_bulk_len_bytes>()},
    {.name = "protected-mode",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .slot = Number<&Settings::protected_mode>()},
    {.name = "requirepass", .flags = kSensitive | kUnsetIfDefault, .slot = Text(&Settings::requirepass)},
    {.name = "enable-protected-configs",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kImmutable,
     .choices = kAllowedFor,
     .slot = Number<&Settings::enable_protected_configs>()},
    {.name = "enable-debug-command",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kImmutable,
     .choices = kAllowedFor,
     .slot = Number<&Settings::enable_debug_command>()},
    {.name = "enable-module-command",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kImmutable | kAccepted,
     .choices = kAllowedFor},
    {.name = "aclfile", .flags = kImmutable, .check = CheckAclFile},
    {.name = "acllog-max-len", .kind = Kind::kInteger, .initial = "128", .flags = kAccepted},
    {.name = "acl-pubsub-default",
     .kind = Kind::kChoice,
     .initial = "resetchannels",
     .flags = kAccepted,
     .choices = kAclPubsub},
    {.name = "bind-source-addr", .flags = kAccepted | kUnsetIfDefault},
    {.name = "socket-mark-id",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = UINT_MAX,
     .flags = kImmutable | kUnsigned | kAccepted},
};

}  // namespace

std::span<const Directive> NetworkDirectives() { return kRows; }

}  // namespace corral::config
