// INFO's sections of counters: stats, replication, modules, commandstats, errorstats, latencystats, cluster,
// keyspace.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "server/commands/server/info_sections.h"
#include "server/config/directive.h"
#include "server/config/settings.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/histogram.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "storage/record.h"

namespace corral::commands {
namespace {

using command::Command;
using command::Context;
using telemetry::CommandStats;
using telemetry::WorkerStats;

template <typename... Args>
void Line(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
  out->append("\r\n");
}

// The mean of what is left to live, over a bounded sample of the keys that have an expiry; 0 when none was
// met.
int64_t AverageTtlMs(storage::Database database) {
  constexpr size_t kExpiringKeys = 64, kVisitedKeys = 1024, kPerStep = 32;
  constexpr int64_t kLongestMs =
      INT64_MAX / static_cast<int64_t>(kVisitedKeys + kPerStep);  // the sum has room for all
  int64_t sum_ms = 0, expiring = 0;
  size_t visited = 0;
  uint64_t cursor = 0;
  do {
    cursor = database.Scan(cursor, kPerStep, [&](const storage::Record& record) {
      ++visited;
      if (record.expire_at_ms() == storage::kNoExpiry) return;
      sum_ms += std::min(record.expire_at_ms() - database.now_ms(), kLongestMs);
      ++expiring;
    });
  } while (cursor != 0 && visited < kVisitedKeys && static_cast<size_t>(expiring) < kExpiringKeys);
  return expiring > 0 ? sum_ms / expiring : 0;
}

// Of the keys with an expiry, how many percent are over their time and not removed yet; from a sample.
double StalePercent(Context& ctx) {
  constexpr size_t kKeysPerDatabase = 256;
  size_t stale = 0, all = 0;
  for (int i = 0; i < ctx.services.keyspace.databases(); ++i) {
    storage::Database database = ctx.Database(i);
    if (database.expiring_size() == 0) continue;
    const storage::Database::ExpirySample sample = database.SampleExpiry(kKeysPerDatabase);
    stale += sample.stale;
    all += sample.stale + sample.live;
  }
  return all > 0 ? 100 * static_cast<double>(stale) / static_cast<double>(all) : 0;
}

// Done by other threads than the main one.
uint64_t SumOfThreads(const telemetry::Telemetry& telemetry, uint64_t WorkerStats::*counter) {
  return telemetry.Sum(counter) - (*telemetry.workers().front()).*counter;
}

// "99.9", "50".
std::string Percentile(double percentile) {
  std::string text = fmt::format("{:f}", percentile);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

void AppendStatsInfo(Context& ctx, std::string* out) {
  const telemetry::Telemetry& telemetry = ctx.services.telemetry;
  const storage::KeyspaceCounters keys = ctx.services.keyspace.counters();
  Line(out, "# Stats");
  Line(out, "total_connections_received:{}", telemetry.Sum(&WorkerStats::connections));
  Line(out, "total_commands_processed:{}", telemetry.Sum(&WorkerStats::commands));
  Line(out, "instantaneous_ops_per_sec:{:.0f}", telemetry.commands_rate.per_second());
  Line(out, "total_net_input_bytes:{}", telemetry.Sum(&WorkerStats::bytes_in));
  Line(out, "total_net_output_bytes:{}", telemetry.Sum(&WorkerStats::bytes_out));
  Line(out, "total_net_repl_input_bytes:0");
  Line(out, "total_net_repl_output_bytes:0");
  Line(out, "instantaneous_input_kbps:{:.2f}", telemetry.input_rate.per_second() / 1024);
  Line(out, "instantaneous_output_kbps:{:.2f}", telemetry.output_rate.per_second() / 1024);
  Line(out, "instantaneous_input_repl_kbps:0.00");
  Line(out, "instantaneous_output_repl_kbps:0.00");
  Line(out, "rejected_connections:{}", telemetry.Sum(&WorkerStats::rejected_connections));
  Line(out, "sync_full:0");
  Line(out, "sync_partial_ok:0");
  Line(out, "sync_partial_err:0");
  Line(out, "expired_keys:{}", keys.expired);
  Line(out, "expired_subkeys:{}", keys.expired_fields);
  Line(out, "expired_stale_perc:{:.2f}", StalePercent(ctx));
  Line(out, "expired_time_cap_reached_count:{}", keys.expiry_stops);
  Line(out, "expire_cycle_cpu_milliseconds:{}", keys.expire_cycle_us / 1000);
  Line(out, "evicted_keys:{}", keys.evicted);
  Line(out, "evicted_clients:{}", telemetry.Sum(&WorkerStats::evicted_clients));
  Line(out, "eviction_cpu_milliseconds:{}", keys.eviction_us / 1000);
  Line(out, "total_eviction_exceeded_time:{}", telemetry.over_limit.total_ms());
  Line(out, "current_eviction_exceeded_time:{}", telemetry.over_limit.current_ms());
  Line(out, "keyspace_hits:{}", keys.hits);
  Line(out, "keyspace_misses:{}", keys.misses);
  const pubsub::Hub& pubsub = ctx.services.pubsub;
  Line(out, "pubsub_channels:{}", pubsub.topics(pubsub::TopicKind::kChannel));
  Line(out, "pubsub_patterns:{}", pubsub.topics(pubsub::TopicKind::kPattern));
  Line(out, "pubsubshard_channels:{}", pubsub.topics(pubsub::TopicKind::kShardChannel));
  Line(out, "latest_fork_usec:0");
  Line(out, "total_forks:0");
  // There are neither replicas nor other servers to talk to, and no defragmentation.
  for (std::string_view line :
       {"migrate_cached_sockets:0", "slave_expires_tracked_keys:0", "active_defrag_hits:0",
        "active_defrag_misses:0", "active_defrag_key_hits:0", "active_defrag_key_misses:0",
        "total_active_defrag_time:0", "current_active_defrag_time:0"}) {
    Line(out, "{}", line);
  }
  const tracking::Figures tracking = ctx.services.tracking.figures();
  Line(out, "tracking_total_keys:{}", tracking.keys);
  Line(out, "tracking_total_items:{}", tracking.items);
  Line(out, "tracking_total_prefixes:{}", tracking.prefixes);
  Line(out, "unexpected_error_replies:0");    // to replication and the append-only file, which are not there
  Line(out, "dump_payload_sanitizations:0");  // not counted: every payload is checked deeply
  Line(out, "total_error_replies:{}", telemetry.Sum(&WorkerStats::error_replies));
  Line(out, "total_reads_processed:{}", telemetry.Sum(&WorkerStats::reads));
  Line(out, "total_writes_processed:{}", telemetry.Sum(&WorkerStats::writes));
  Line(out, "io_threaded_reads_processed:{}", SumOfThreads(telemetry, &WorkerStats::reads));
  Line(out, "io_threaded_writes_processed:{}", SumOfThreads(telemetry, &WorkerStats::writes));
  Line(out, "client_query_buffer_limit_disconnections:{}",
       telemetry.Sum(&WorkerStats::query_buffer_disconnections));
  Line(out, "client_output_buffer_limit_disconnections:{}",
       telemetry.Sum(&WorkerStats::output_buffer_disconnections));
}

void AppendReplicationInfo(Context& ctx, std::string* out) {
  Line(out, "# Replication");
  Line(out, "role:master");
  Line(out, "connected_slaves:0");
  Line(out, "master_failover_state:no-failover");
  Line(out, "master_replid:{}", ctx.services.telemetry.facts.replication_id);
  Line(out, "master_replid2:{:040}", 0);
  Line(out, "master_repl_offset:0");
  Line(out, "second_repl_offset:-1");
  Line(out, "repl_backlog_active:0");
  Line(out, "repl_backlog_size:{}",
       config::FormatValue(*config::FindDirective("repl-backlog-size"), ctx.services.settings));
  Line(out, "repl_backlog_first_byte_offset:0");
  Line(out, "repl_backlog_histlen:0");
}

void AppendModulesInfo(Context&, std::string* out) { Line(out, "# Modules"); }

void AppendCommandStatsInfo(Context& ctx, std::string* out) {
  Line(out, "# Commandstats");
  for (const Command& command : ctx.services.commands.all()) {
    uint64_t calls = 0, nanos = 0, rejected = 0, failed = 0;
    for (const auto& worker : ctx.services.telemetry.workers()) {
      const CommandStats& stats = worker->per_command[command.id];
      calls += stats.calls;
      nanos += stats.nanos;
      rejected += stats.rejected;
      failed += stats.failed;
    }
    if (calls == 0 && rejected == 0 && failed == 0) continue;
    const double per_call = calls > 0 ? static_cast<double>(nanos) / 1000 / static_cast<double>(calls) : 0;
    Line(out, "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
         command.name, calls, nanos / 1000, per_call, rejected, failed);
  }
}

void AppendErrorStatsInfo(Context& ctx, std::string* out) {
  std::map<std::string_view, uint64_t> errors;
  for (const auto& worker : ctx.services.telemetry.workers()) {
    for (const auto& [code, count] : worker->errors) errors[code] += count;
  }
  Line(out, "# Errorstats");
  for (const auto& [code, count] : errors) Line(out, "errorstat_{}:count={}", code, count);
}

void AppendLatencyStatsInfo(Context& ctx, std::string* out) {
  Line(out, "# Latencystats");
  const config::Settings& settings = ctx.services.settings;
  if (!settings.latency_tracking) return;
  for (const Command& command : ctx.services.commands.all()) {
    telemetry::Histogram latency;
    for (const auto& worker : ctx.services.telemetry.workers()) {
      const auto& part = worker->per_command[command.id].latency;
      if (part != nullptr) latency.Add(*part);
    }
    if (latency.total() == 0) continue;
    std::string values;
    for (double percentile : settings.latency_tracking_info_percentiles) {
      if (!values.empty()) values += ',';
      values += fmt::format("p{}={:.3f}", Percentile(percentile),
                            static_cast<double>(latency.ValueAt(percentile)) / 1000);
    }
    Line(out, "latency_percentiles_usec_{}:{}", command.name, values);
  }
}

void AppendClusterInfo(Context&, std::string* out) {
  Line(out, "# Cluster");
  Line(out, "cluster_enabled:0");
}

void AppendKeyspaceInfo(Context& ctx, std::string* out) {
  Line(out, "# Keyspace");
  for (int i = 0; i < ctx.services.keyspace.databases(); ++i) {
    const storage::Database database = ctx.Database(i);
    if (database.size() == 0 && database.expiring_size() == 0) continue;
    Line(out, "db{}:keys={},expires={},avg_ttl={},subexpiry={}", i, database.size(), database.expiring_size(),
         AverageTtlMs(database), database.value_expiring_size());
  }
}

}  // namespace corral::commands
