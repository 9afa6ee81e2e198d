// The directives of the data types' encodings and of keyspace events.
#include <climits>

#include "server/config/directive.h"
#include "server/config/forms.h"

namespace corral::config {
namespace {

constexpr Choice kSanitize[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};

const Directive kRows[] = {
    {.name = "notify-keyspace-events", .kind = Kind::kForm, .form = &kNotifyForm},
    {.name = "hash-max-listpack-entries",
     .alias = "hash-max-ziplist-entries",
     .kind = Kind::kInteger,
     .initial = "512",
     .flags = kUnsigned,
     .slot = Number<&Settings::hash_max_listpack_entries>()},
    {.name = "hash-max-listpack-value",
     .alias = "hash-max-ziplist-value",
     .kind = Kind::kMemory,
     .initial = "64",
     .flags = kUnsigned,
     .slot = Number<&Settings::hash_max_listpack_value_bytes>()},
    {.name = "list-max-listpack-size",
     .alias = "list-max-ziplist-size",
     .kind = Kind::kInteger,
     .initial = "-2",
     .low = INT_MIN,
     .high = INT_MAX,
     .slot = Number<&Settings::list_max_listpack_size>()},
    {.name = "list-compress-depth",
     .kind = Kind::kInteger,
     .initial = "0",
     .high = INT_MAX,
     .slot = Number<&Settings::list_compress_depth>()},
    {.name = "set-max-intset-entries",
     .kind = Kind::kInteger,
     .initial = "512",
     .flags = kUnsigned,
     .slot = Number<&Settings::set_max_intset_entries>()},
    {.name = "set-max-listpack-entries",
     .kind = Kind::kInteger,
     .initial = "128",
     .flags = kUnsigned,
     .slot = Number<&Settings::set_max_listpack_entries>()},
    {.name = "set-max-listpack-value",
     .kind = Kind::kInteger,
     .initial = "64",
     .flags = kUnsigned,
     .slot = Number<&Settings::set_max_listpack_value_bytes>()},
    {.name = "zset-max-listpack-entries",
     .alias = "zset-max-ziplist-entries",
     .kind = Kind::kInteger,
     .initial = "128",
     .flags = kUnsigned,
     .slot = Number<&Settings::zset_max_listpack_entries>()},
    {.name = "zset-max-listpack-value",
     .alias = "zset-max-ziplist-value",
     .kind = Kind::kMemory,
     .initial = "64",
     .flags = kUnsigned,
     .slot = Number<&Settings::zset_max_listpack_value_bytes>()},
    {.name = "hll-sparse-max-bytes",
     .kind = Kind::kMemory,
     .initial = "3000",
     .flags = kUnsigned,
     .slot = Number<&Settings::hll_sparse_max_bytes>()},
    {.name = "stream-node-max-bytes",
     .kind = Kind::kMemory,
     .initial = "4096",
     .flags = kUnsigned,
     .slot = Number<&Settings::stream_node_max_bytes>()},
    {.name = "stream-node-max-entries",
     .kind = Kind::kInteger,
     .initial = "100",
     .slot = Number<&Settings::stream_node_max_entries>()},
    {.name = "sanitize-dump-payload",
     .kind = Kind::kChoice,
     .initial = "no",
     .flags = kAccepted,
     .choices = kSanitize},
};

}  // namespace

std::span<const Directive> DataDirectives() { return kRows; }

}  // namespace corral::config
