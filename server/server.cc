// Wiring: which part is told what, when it starts, changes and ends.
#include "server/server.h"

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "server/dispatch/families.h"
#include "server/log/log.h"
#include "server/process/crash_report.h"
#include "server/process/stop_signals.h"
#include "storage/memory_meter.h"

namespace corral {
namespace {

constexpr int64_t kTickMs = 250;

uint64_t RandomSeed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) std::abort();
  return seed;
}

storage::KeyspaceOptions KeyspaceOptionsFor(const config::Settings& settings) {
  storage::KeyspaceOptions options;
  options.databases = settings.databases;
  options.shards = 16 * std::bit_ceil(static_cast<uint32_t>(settings.threads));
  options.concurrent = settings.threads > 1;
  options.seed = RandomSeed();
  return options;
}

storage::EvictionPolicy PolicyOf(config::MaxmemoryPolicy policy) {
  switch (policy) {
    case config::MaxmemoryPolicy::kVolatileLru:
      return storage::EvictionPolicy::kVolatileLru;
    case config::MaxmemoryPolicy::kVolatileLfu:
      return storage::EvictionPolicy::kVolatileLfu;
    case config::MaxmemoryPolicy::kVolatileRandom:
      return storage::EvictionPolicy::kVolatileRandom;
    case config::MaxmemoryPolicy::kVolatileTtl:
      return storage::EvictionPolicy::kVolatileTtl;
    case config::MaxmemoryPolicy::kAllkeysLru:
      return storage::EvictionPolicy::kAllKeysLru;
    case config::MaxmemoryPolicy::kAllkeysLfu:
      return storage::EvictionPolicy::kAllKeysLfu;
    case config::MaxmemoryPolicy::kAllkeysRandom:
      return storage::EvictionPolicy::kAllKeysRandom;
    case config::MaxmemoryPolicy::kNoEviction:
      return storage::EvictionPolicy::kNoEviction;
  }
  return storage::EvictionPolicy::kNoEviction;
}

// Of maxmemory-clients. A limit below the last value would close every client, one that wants to change it
// included.
uint64_t ClientMemoryLimit(const config::Settings& settings) {
  constexpr uint64_t kLeastBytes = 128 * 1024;
  if (settings.maxmemory_clients == 0) return 0;
  if (settings.maxmemory_clients > 0) {
    return std::max<uint64_t>(kLeastBytes, static_cast<uint64_t>(settings.maxmemory_clients));
  }
  if (settings.maxmemory_bytes == 0) return 0;
  const double part = static_cast<double>(-settings.maxmemory_clients) / 100;
  return std::max(kLeastBytes, static_cast<uint64_t>(static_cast<double>(settings.maxmemory_bytes) * part));
}

}  // namespace

Server::Server(config::Config& config, std::string executable, std::string_view supervised)
    : config_(config),
      settings_(config.settings()),
      keyspace_(KeyspaceOptionsFor(settings_), &effects_, &lazy_free_),
      leases_(keyspace_, settings_, clock_, RandomSeed()),
      pubsub_(static_cast<size_t>(settings_.threads), RandomSeed()),
      events_(pubsub_, settings_),
      tracking_(keyspace_, lazy_free_, settings_, static_cast<size_t>(settings_.threads), RandomSeed()),
      watches_(keyspace_),
      commands_(dispatch::BuildCommandTable()),
      services_{config_,  settings_, keyspace_, lazy_free_, *commands_, clients_, telemetry_,
                effects_, leases_,   pubsub_,   tracking_,  watches_,   *this,    debug_},
      workers_(services_, static_cast<size_t>(settings_.threads)),
      listeners_(settings_, telemetry_, clients_, workers_) {
  telemetry_.facts.run_id = telemetry::NewRunId();
  telemetry_.facts.replication_id = telemetry::NewRunId();
  telemetry_.facts.executable = std::move(executable);
  telemetry_.facts.supervised = supervised;
  telemetry_.facts.config_file = config_.file();
  telemetry_.facts.start_unix_ms = net::EventLoop::UnixMs();
  telemetry_.facts.port = settings_.port;
  effects_.set_concurrent(settings_.threads > 1);
  effects_.set_leases(leases_);
  effects_.set_watches(watches_);
  effects_.set_events(events_);
  effects_.set_tracking(tracking_);
  effects_.set_services(services_);
  leases_.on_invalidated = [this](const storage::Key& key) { effects_.Invalidate(key); };
  leases_.on_read = [this](client::Client& client, const storage::Key& key) {
    tracking_.Remember(client, key);
  };
  keyspace_.AnnounceCreated(events_.Wanted(command::kEventNew));
  keyspace_.SetEvictionPolicy(PolicyOf(settings_.maxmemory_policy));
  storage::SetAllocatorBackgroundThread(settings_.jemalloc_bg_thread);
  clients_.memory().Set(ClientMemoryLimit(settings_));
  clients_.on_unpause = [this] { workers_.ResumePaused(); };
  RegisterObservers();
}

Server::~Server() = default;

config::Result Server::CheckDatabases(const config::Settings& settings) {
  const storage::KeyspaceOptions options = KeyspaceOptionsFor(settings);
  // A place for a table in each shard, whether the database is used or not.
  const uint64_t needed = sizeof(void*) * options.shards * static_cast<uint64_t>(options.databases);
  const uint64_t present =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (needed <= present) return config::Result::Ok();
  return config::Result::Error(
      fmt::format("databases {} takes {} bytes of memory before the first key; this machine has {}. Exiting.",
                  settings.databases, needed, present));
}

config::Result Server::RenameCommands() {
  for (const config::RenamedCommand& rename : config_.renamed_commands()) {
    if (!commands_->Find(rename.name))
      return config::Result::Error(config::FatalText(rename.origin, "No such command in rename-command"));
    if (!commands_->Rename(rename.name, rename.new_name)) {
      return config::Result::Error(config::FatalText(rename.origin, "Target command name already exists"));
    }
  }
  return config::Result::Ok();
}

config::Result Server::Start() {
  if (config::Result renamed = RenameCommands(); !renamed) return renamed;
  if (config::Result opened = listeners_.Open(); !opened) return opened;
  // As in Redis the server serves all the same when the system refuses the score; the log has the reason.
  [[maybe_unused]] bool adjusted = AdjustOomScore(settings_);
  return config::Result::Ok();
}

// --- life

void Server::WatchSignals() {
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  for (int number : {SIGTERM, SIGINT}) {
    signals_.push_back(
        std::make_unique<net::SignalWatch>(workers_.first().loop(), number, [this](int received) {
          log::Notice("Received {} scheduling shutdown...", received == SIGINT ? "SIGINT" : "SIGTERM");
          if (!debug_.cron_paused.load(std::memory_order_relaxed)) workers_.Stop();
        }));
  }
  process::WatchStops();
}

void Server::RequestShutdown() { workers_.Stop(); }

bool Server::AbortShutdown() {
  // Without a pause it is under way already.
  if (!debug_.cron_paused.load(std::memory_order_relaxed) || !process::ForgetStop()) return false;
  log::Notice("Shutdown manually aborted.");
  return true;
}

void Server::Run(const std::function<void()>& ready) {
  WatchSignals();
  telemetry_.facts.startup_used_bytes = storage::MemoryMeter::UsedBytes();
  workers_.first().loop().StartCron(kTickMs, [this] { Tick(); });
  if (listeners_.has_tcp()) log::Notice("Ready to accept connections tcp");
  if (listeners_.has_unix()) log::Notice("Ready to accept connections unix");
  ready();
  workers_.Run();
  log::Notice("User requested shutdown...");
  listeners_.Close();
  process::HoldStops();
  signals_.clear();
  process::OutliveStops();
}

void Server::Tick() {
  if (debug_.cron_paused.load(std::memory_order_relaxed)) return;
  if (process::StopWanted()) return workers_.Stop();
  workers_.Alone([this] {
    int64_t now = net::EventLoop::MonotonicMs();
    telemetry_.commands_rate.Sample(telemetry_.Sum(&telemetry::WorkerStats::commands), now);
    telemetry_.input_rate.Sample(telemetry_.Sum(&telemetry::WorkerStats::bytes_in), now);
    telemetry_.output_rate.Sample(telemetry_.Sum(&telemetry::WorkerStats::bytes_out), now);
    const int64_t limit = static_cast<int64_t>(settings_.maxmemory_bytes);
    telemetry_.over_limit.Sample(limit != 0 && storage::MemoryMeter::UsedBytes() > limit, now);
  });
  if (++ticks_ % (1000 / kTickMs) == 0) {
    workers_.CheckLimits(net::EventLoop::UnixMs());
    log::SayLeftOut();
  }
  tracking_.Sweep();
}

bool Server::AdjustOomScore(const config::Settings& settings) {
  return oom_score_.Apply(settings.oom_score_adj, settings.oom_score_adj_values[0]);
}

// --- CONFIG SET

void Server::RegisterObservers() {
  using config::Result;
  using config::Settings;
  config_.OnChange({"port", "bind", "tcp-backlog"},
                   [this](const Settings& settings) { return listeners_.Reopen(settings); });
  config_.OnChange("maxclients", [](const Settings& settings) {
    uint32_t possible = process::RaiseFileLimit(settings.maxclients, settings.threads);
    if (possible >= settings.maxclients) return Result::Ok();
    return Result::Error(fmt::format(
        "The operating system is not able to handle the specified number of clients, try with {}", possible));
  });
  config_.OnChange("notify-keyspace-events", [this](const Settings& settings) {
    keyspace_.AnnounceCreated((settings.notify_keyspace_events & config::kNotifyNew) != 0);
    return Result::Ok();
  });
  config_.OnChange("maxmemory-policy", [this](const Settings& settings) {
    keyspace_.SetEvictionPolicy(PolicyOf(settings.maxmemory_policy));
    return Result::Ok();
  });
  config_.OnChange("maxmemory", [](const Settings& settings) {
    int64_t used = storage::MemoryMeter::UsedBytes();
    if (settings.maxmemory_bytes != 0 && used > static_cast<int64_t>(settings.maxmemory_bytes)) {
      log::Warning(
          "WARNING: the new maxmemory value set via CONFIG SET ({}) is smaller than the current memory usage ({}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.",
          settings.maxmemory_bytes, used);
    }
    return Result::Ok();
  });
  config_.OnChange({"maxmemory-clients", "maxmemory"}, [this](const Settings& settings) {
    clients_.memory().Set(ClientMemoryLimit(settings));
    return Result::Ok();
  });
  config_.OnChange("jemalloc-bg-thread", [](const Settings& settings) {
    storage::SetAllocatorBackgroundThread(settings.jemalloc_bg_thread);
    return Result::Ok();
  });
  config_.OnChange("activedefrag", [](const Settings& settings) {
    // A file that has it is served with a warning; who asks at run time can be told.
    if (!settings.activedefrag) return Result::Ok();
    return Result::Error("Active defragmentation cannot be enabled: Corral has none");
  });
  config_.OnChange({"loglevel"}, [](const Settings& settings) {
    log::SetLevel(settings.loglevel);
    return Result::Ok();
  });
  config_.OnChange("crash-log-enabled", [](const Settings& settings) {
    settings.crash_log_enabled ? process::InstallCrashReport(settings.logfile) : process::RemoveCrashReport();
    return Result::Ok();
  });
  config_.OnChange({"oom-score-adj", "oom-score-adj-values"}, [this](const Settings& settings) {
    if (AdjustOomScore(settings)) return Result::Ok();
    return Result::Error("Failed to set current oom_score_adj. Check server logs.");
  });
}

}  // namespace corral
