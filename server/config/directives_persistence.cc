// The directives of snapshots and append-only files: accepted, and refused where they ask for durability.
#include <climits>

#include "server/config/directive.h"
#include "server/config/forms.h"

namespace corral::config {
namespace {

constexpr Choice kFsync[] = {{"everysec", 1}, {"always", 2}, {"no", 0}};

std::string CheckAppendOnly(std::string_view value) {
  if (value == "no") return {};
  return "this version of Corral keeps no append-only file; allowed: no";
}

bool IsPath(std::string_view value) { return value.find('/') != std::string_view::npos; }

std::string CheckDumpName(std::string_view value) {
  return IsPath(value) ? "dbfilename can't be a path, just a filename" : "";
}

std::string CheckAppendName(std::string_view value) {
  if (value.empty()) return "appendfilename can't be empty";
  return IsPath(value) ? "appendfilename can't be a path, just a filename" : "";
}

std::string CheckAppendFolder(std::string_view value) {
  if (value.empty()) return "appenddirname can't be empty";
  return IsPath(value) ? "appenddirname can't be a path, just a dirname" : "";
}

const Directive kRows[] = {
    {.name = "save",
     .kind = Kind::kForm,
     .flags = kManyWords | kAccepted | kAlwaysWritten,
     .form = &kSaveForm},
    {.name = "dbfilename", .initial = "dump.rdb", .flags = kProtected | kAccepted, .check = CheckDumpName},
    {.name = "stop-writes-on-bgsave-error", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "rdbcompression",
     .kind = Kind::kYesNo,
     .initial = "yes",
     .slot = Number<&Settings::rdbcompression>()},
    {.name = "rdbchecksum", .kind = Kind::kYesNo, .initial = "yes", .flags = kImmutable | kAccepted},
    {.name = "rdb-del-sync-files", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "rdb-save-incremental-fsync", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "rdb-key-save-delay",
     .kind = Kind::kInteger,
     .initial = "0",
     .low = INT_MIN,
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "key-load-delay",
     .kind = Kind::kInteger,
     .initial = "0",
     .low = INT_MIN,
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "loading-process-events-interval-bytes",
     .kind = Kind::kInteger,
     .initial = "2097152",
     .low = 1024,
     .high = INT_MAX,
     .flags = kHidden | kAccepted},
    {.name = "appendonly", .kind = Kind::kYesNo, .initial = "no", .check = CheckAppendOnly},
    {.name = "appendfilename",
     .initial = "appendonly.aof",
     .flags = kImmutable | kAccepted,
     .check = CheckAppendName},
    {.name = "appenddirname",
     .initial = "appendonlydir",
     .flags = kImmutable | kAccepted,
     .check = CheckAppendFolder},
    {.name = "appendfsync",
     .kind = Kind::kChoice,
     .initial = "everysec",
     .flags = kAccepted,
     .choices = kFsync},
    {.name = "no-appendfsync-on-rewrite", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "auto-aof-rewrite-percentage",
     .kind = Kind::kInteger,
     .initial = "100",
     .high = INT_MAX,
     .flags = kAccepted},
    {.name = "auto-aof-rewrite-min-size", .kind = Kind::kMemory, .initial = "64mb", .flags = kAccepted},
    {.name = "aof-load-truncated", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "aof-use-rdb-preamble", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "aof-timestamp-enabled", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
    {.name = "aof-rewrite-incremental-fsync", .kind = Kind::kYesNo, .initial = "yes", .flags = kAccepted},
    {.name = "aof-disable-auto-gc", .kind = Kind::kYesNo, .initial = "no", .flags = kAccepted},
};

}  // namespace

std::span<const Directive> PersistenceDirectives() { return kRows; }

}  // namespace corral::config
