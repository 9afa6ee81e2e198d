// The values of all directives that Corral acts upon, as plain typed fields, ready to be read on a hot path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/config/notification_classes.h"
#include "server/log/log.h"
#include "server/process/limits.h"
#include "server/process/supervisor.h"

namespace corral::config {

enum class MaxmemoryPolicy : uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction,
};

// Whom a protected action (DEBUG, the protected directives) is open to.
enum class AllowedFor : uint8_t { kNobody, kEverybody, kLocal };

// Classes of clients in client-output-buffer-limit, in Redis's order.
enum ClientClass { kNormalClients, kReplicaClients, kPubsubClients, kClientClasses };

struct BufferLimit {
  uint64_t hard_bytes = 0;  // 0 is no limit
  uint64_t soft_bytes = 0;  // 0 is no limit
  int64_t soft_seconds = 0;
  bool operator==(const BufferLimit&) const = default;
};

struct SavePoint {
  int64_t seconds = 0;
  int64_t changes = 0;
  bool operator==(const SavePoint&) const = default;
};

// Every worker reads this struct without a lock. It changes only inside Config::Set, and whoever calls that
// has made every other worker stand still at a command boundary; Config cannot check it. A thread that is not
// a worker (the freeing thread, a signal watcher) takes copies of what it needs while it is being started or
// stopped.
//
// The fields have no initial values here: Config fills them from the table of directives, the only place that
// knows the defaults.
struct Settings {
  // Network.
  std::vector<std::string> bind;  // addresses as written: "*", "::*", a leading '-' makes one optional
  int port;                       // 0: no TCP listener
  int tcp_backlog;
  int tcp_keepalive_s;     // 0: off
  int timeout_s;           // idle seconds before a client is closed; 0: never
  std::string unixsocket;  // empty: none
  uint32_t unixsocketperm;
  uint32_t maxclients;
  bool protected_mode;
  int max_new_connections_per_cycle;
  BufferLimit client_output_buffer_limits[kClientClasses];
  uint64_t client_query_buffer_limit_bytes;
  int64_t proto_max_bulk_len_bytes;

  // Process.
  int threads;  // workers, already resolved: never 0
  int databases;
  bool daemonize;
  std::string pidfile;  // empty: the default one when daemonized, else none
  process::Supervision supervised;
  bool set_proc_title;
  std::string proc_title_template;
  bool always_show_logo;
  bool disable_thp;
  bool crash_log_enabled;
  process::OomScoreAdjust oom_score_adj;
  int oom_score_adj_values[3];  // master, replica, background child
  std::string directory;        // the working directory, absolute
  int hz;                       // for INFO alone; already within 1..500

  // Log.
  log::Level loglevel;
  std::string logfile;  // empty: standard output
  bool syslog_enabled;
  std::string syslog_ident;
  int syslog_facility;  // LOG_LOCAL0 and so on

  // Security.
  std::string requirepass;  // empty: no password
  AllowedFor enable_debug_command;
  AllowedFor enable_protected_configs;

  // Memory.
  uint64_t maxmemory_bytes;   // 0: no limit
  int64_t maxmemory_clients;  // bytes; 0: no limit; negative: percent of maxmemory_bytes
  MaxmemoryPolicy maxmemory_policy;
  bool lazyfree_lazy_eviction;
  bool lazyfree_lazy_expire;
  bool lazyfree_lazy_server_del;
  bool lazyfree_lazy_user_del;
  bool lazyfree_lazy_user_flush;
  bool jemalloc_bg_thread;
  bool activedefrag;  // asked for, and not there: refused by CONFIG SET
  uint64_t tracking_table_max_keys;

  // Observation.
  int64_t slowlog_log_slower_than_us;  // -1: off, 0: every command
  uint64_t slowlog_max_len;
  int64_t latency_monitor_threshold_ms;  // 0: off
  bool latency_tracking;
  std::vector<double> latency_tracking_info_percentiles;
  uint32_t notify_keyspace_events;

  bool rdbcompression;  // of strings in what DUMP answers

  // Until when values stay packed.
  uint64_t hash_max_listpack_entries;
  uint64_t hash_max_listpack_value;  // bytes of a field or a value
  int list_max_listpack_size;        // elements of a node; negative: -1 to -5 are 4, 8, 16, 32, 64 KB
  uint64_t set_max_intset_entries;
  uint64_t set_max_listpack_entries;
  uint64_t set_max_listpack_value;
  uint64_t zset_max_listpack_entries;
  uint64_t zset_max_listpack_value;
  uint64_t stream_node_max_bytes;  // 0: without a limit, as that of entries
  uint64_t stream_node_max_entries;
  uint64_t hll_sparse_max_bytes;  // a longer HyperLogLog becomes dense

  // Leases, in ms: when a caller names none, and at most.
  int64_t lease_ms;
  int64_t lease_wait_ms;
  int64_t lease_max_ms;
  uint64_t lease_max_waiters_per_key;
  uint64_t lease_max_waiters;
  uint64_t lease_max_count;

  // Asked for, and not there: a start-up warning says so.
  std::vector<SavePoint> save;

  // The canonical texts of the directives accepted for compatibility, by the directive's index in the table:
  // CONFIG GET shows them, nothing acts upon them.
  std::vector<std::string> kept;
};

// A `rename-command` line. The table of commands checks the names; `origin` lets it complain in the loader's
// form.
struct RenamedCommand {
  std::string name;
  std::string new_name;  // empty: the command is removed
  std::string origin;    // "FILE, at line N" and the line, see FatalText
};

}  // namespace corral::config
