// INFO's sections about the process and its resources: server, clients, memory, persistence, cpu.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <string_view>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/commands/server/info_sections.h"
#include "server/config/settings.h"
#include "server/process/version.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/main_thread.h"
#include "server/telemetry/memory_figures.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "storage/lazy_free.h"

namespace corral::commands {
namespace {

using command::Context;

template <typename... Args>
void Line(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
  out->append("\r\n");
}

// "976B", "1.18M", as Redis rounds it.
std::string Human(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{}B", bytes);
  double size = static_cast<double>(bytes);
  constexpr std::string_view kUnits = "KMGTP";
  size_t unit = 0;
  size /= 1024;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", size, kUnits[unit]);
}

void Bytes(std::string* out, std::string_view name, int64_t bytes) {
  Line(out, "{}:{}", name, bytes);
  Line(out, "{}_human:{}", name, Human(bytes));
}

std::string_view PolicyName(config::MaxmemoryPolicy policy) {
  switch (policy) {
    case config::MaxmemoryPolicy::kVolatileLru:
      return "volatile-lru";
    case config::MaxmemoryPolicy::kVolatileLfu:
      return "volatile-lfu";
    case config::MaxmemoryPolicy::kVolatileRandom:
      return "volatile-random";
    case config::MaxmemoryPolicy::kVolatileTtl:
      return "volatile-ttl";
    case config::MaxmemoryPolicy::kAllkeysLru:
      return "allkeys-lru";
    case config::MaxmemoryPolicy::kAllkeysLfu:
      return "allkeys-lfu";
    case config::MaxmemoryPolicy::kAllkeysRandom:
      return "allkeys-random";
    case config::MaxmemoryPolicy::kNoEviction:
      return "noeviction";
  }
  return {};
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void AppendServerInfo(Context& ctx, std::string* out) {
  const telemetry::ProcessFacts& facts = ctx.services.telemetry.facts;
  const config::Settings& settings = ctx.services.settings;
  utsname system{};
  uname(&system);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const int64_t uptime_s = std::max<int64_t>(0, now_us / 1000 - facts.start_unix_ms) / 1000;
  Line(out, "# Server");
  Line(out, "redis_version:{}", process::kCompatibleVersion);
  Line(out, "redis_git_sha1:00000000");
  Line(out, "redis_git_dirty:0");
  Line(out, "corral_version:{}", process::kVersion);
  Line(out, "redis_mode:standalone");
  Line(out, "os:{} {} {}", system.sysname, system.release, system.machine);
  Line(out, "arch_bits:{}", 8 * sizeof(void*));
  Line(out, "monotonic_clock:POSIX clock_gettime");
  Line(out, "multiplexing_api:epoll");
  Line(out, "atomicvar_api:c11-builtin");
  Line(out, "gcc_version:{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
  Line(out, "process_id:{}", getpid());
  Line(out, "process_supervised:{}", facts.supervised);
  Line(out, "run_id:{}", facts.run_id);
  Line(out, "tcp_port:{}", facts.port);
  Line(out, "server_time_usec:{}", now_us);
  Line(out, "uptime_in_seconds:{}", uptime_s);
  Line(out, "uptime_in_days:{}", uptime_s / 86400);
  Line(out, "hz:{}", settings.hz);
  Line(out, "configured_hz:{}", settings.hz);
  Line(out, "io_threads_active:0");
  Line(out, "executable:{}", facts.executable);
  Line(out, "config_file:{}", facts.config_file);
  Line(out, "worker_threads:{}", ctx.services.telemetry.workers().size());
}

void AppendClientsInfo(Context& ctx, std::string* out) {
  uint64_t connected = 0, blocked = 0, with_deadline = 0, input_bytes = 0, output_bytes = 0;
  const auto clients = ctx.services.clients.All();
  for (const client::Client* client : clients) {
    connected += !client->close_now();
    blocked += client->blocked() || client->turn.paused;
    with_deadline += client->blocked() && client->wait_deadline_ms() != 0;
    input_bytes = std::max<uint64_t>(input_bytes, client->pending_input.size());
    output_bytes = std::max<uint64_t>(output_bytes, client->output.pending_bytes());
  }
  Line(out, "# Clients");
  Line(out, "connected_clients:{}", connected);
  Line(out, "cluster_connections:0");
  Line(out, "maxclients:{}", ctx.services.settings.maxclients);
  Line(out, "client_recent_max_input_buffer:{}", input_bytes);
  Line(out, "client_recent_max_output_buffer:{}", output_bytes);
  Line(out, "blocked_clients:{}", blocked);
  Line(out, "tracking_clients:{}", ctx.services.tracking.figures().clients);
  Line(out, "pubsub_clients:{}", ctx.services.pubsub.clients());
  Line(out, "watching_clients:{}", ctx.services.watches.clients());
  Line(out, "clients_in_timeout_table:{}", with_deadline);
  Line(out, "total_watched_keys:{}", ctx.services.watches.keys());
}

void AppendMemoryInfo(Context& ctx, std::string* out) {
  const telemetry::MemoryFigures f =
      telemetry::ReadMemoryFigures(ctx.services.telemetry, ctx.services.clients, ctx.services.keyspace);
  const config::Settings& settings = ctx.services.settings;
  auto ratio = [](uint64_t part, uint64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
  };
  const auto allocated = static_cast<int64_t>(f.allocator.allocated);
  const auto active = static_cast<int64_t>(f.allocator.active);
  const auto resident = static_cast<int64_t>(f.allocator.resident);
  Line(out, "# Memory");
  Bytes(out, "used_memory", f.used);
  Bytes(out, "used_memory_rss", f.resident);
  Bytes(out, "used_memory_peak", f.peak);
  Line(out, "used_memory_peak_perc:{:.2f}%", f.peak_percent());
  Line(out, "used_memory_overhead:{}", f.overhead());
  Line(out, "used_memory_startup:{}", f.startup);
  Line(out, "used_memory_dataset:{}", f.dataset());
  Line(out, "used_memory_dataset_perc:{:.2f}%", f.dataset_percent());
  Line(out, "allocator_allocated:{}", allocated);
  Line(out, "allocator_active:{}", active);
  Line(out, "allocator_resident:{}", resident);
  Bytes(out, "total_system_memory", f.system);
  // There are no scripts yet.
  Line(out, "used_memory_lua:0");
  Line(out, "used_memory_vm_eval:0");
  Line(out, "used_memory_lua_human:0B");
  Line(out, "used_memory_scripts_eval:0");
  Line(out, "number_of_cached_scripts:0");
  Line(out, "number_of_functions:0");
  Line(out, "number_of_libraries:0");
  Line(out, "used_memory_vm_functions:0");
  Line(out, "used_memory_vm_total:0");
  Line(out, "used_memory_vm_total_human:0B");
  Line(out, "used_memory_functions:0");
  Line(out, "used_memory_scripts:0");
  Line(out, "used_memory_scripts_human:0B");
  Bytes(out, "maxmemory", static_cast<int64_t>(settings.maxmemory_bytes));
  Line(out, "maxmemory_policy:{}", PolicyName(settings.maxmemory_policy));
  Line(out, "allocator_frag_ratio:{:.2f}", ratio(f.allocator.active, f.allocator.allocated));
  Line(out, "allocator_frag_bytes:{}", active - allocated);
  Line(out, "allocator_rss_ratio:{:.2f}", ratio(f.allocator.resident, f.allocator.active));
  Line(out, "allocator_rss_bytes:{}", resident - active);
  Line(out, "rss_overhead_ratio:{:.2f}", resident > 0 ? static_cast<double>(f.resident) / resident : 0);
  Line(out, "rss_overhead_bytes:{}", f.resident - resident);
  Line(out, "mem_fragmentation_ratio:{:.2f}", f.fragmentation());
  Line(out, "mem_fragmentation_bytes:{}", f.resident - f.used);
  Line(out, "mem_not_counted_for_evict:{}", ctx.services.clients.transit().bytes());
  Line(out, "mem_replication_backlog:0");
  Line(out, "mem_total_replication_buffers:0");
  Line(out, "mem_clients_slaves:0");
  Line(out, "mem_clients_normal:{}", f.clients);
  Line(out, "mem_cluster_links:0");
  Line(out, "mem_aof_buffer:0");
  Line(out, "mem_allocator:{}", storage::AllocatorName());
  Line(out, "active_defrag_running:0");
  Line(out, "lazyfree_pending_objects:{}", ctx.services.lazy_free.pending_objects());
  Line(out, "lazyfreed_objects:{}", ctx.services.lazy_free.freed_objects());
}

void AppendPersistenceInfo(Context& ctx, std::string* out) {
  Line(out, "# Persistence");
  Line(out, "loading:0");
  Line(out, "async_loading:0");
  for (std::string_view line :
       {"current_cow_peak:0", "current_cow_size:0", "current_cow_size_age:0", "current_fork_perc:0.00",
        "current_save_keys_processed:0", "current_save_keys_total:0"}) {
    Line(out, "{}", line);
  }
  Line(out, "rdb_changes_since_last_save:{}", ctx.services.effects.dirty());
  Line(out, "rdb_bgsave_in_progress:0");
  Line(out, "rdb_last_save_time:{}", ctx.services.telemetry.facts.start_unix_ms / 1000);
  // Nothing is saved, so that nothing has gone wrong either.
  for (std::string_view line :
       {"rdb_last_bgsave_status:ok", "rdb_last_bgsave_time_sec:-1", "rdb_current_bgsave_time_sec:-1",
        "rdb_saves:0", "rdb_last_cow_size:0", "rdb_last_load_keys_expired:0", "rdb_last_load_keys_loaded:0",
        "aof_enabled:0", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0",
        "aof_last_rewrite_time_sec:-1", "aof_current_rewrite_time_sec:-1", "aof_last_bgrewrite_status:ok",
        "aof_rewrites:0", "aof_rewrites_consecutive_failures:0", "aof_last_write_status:ok",
        "aof_last_cow_size:0", "module_fork_in_progress:0", "module_fork_last_cow_size:0"}) {
    Line(out, "{}", line);
  }
}

void AppendCpuInfo(Context&, std::string* out) {
  rusage self{}, children{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  Line(out, "# CPU");
  Line(out, "used_cpu_sys:{:.6f}", Seconds(self.ru_stime));
  Line(out, "used_cpu_user:{:.6f}", Seconds(self.ru_utime));
  Line(out, "used_cpu_sys_children:{:.6f}", Seconds(children.ru_stime));
  Line(out, "used_cpu_user_children:{:.6f}", Seconds(children.ru_utime));
  const telemetry::ThreadTime main = telemetry::ReadMainThreadTime();
  Line(out, "used_cpu_sys_main_thread:{:.6f}", main.system_seconds);
  Line(out, "used_cpu_user_main_thread:{:.6f}", main.user_seconds);
}

}  // namespace corral::commands
