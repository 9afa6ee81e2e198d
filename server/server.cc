// Wiring: which part is told what, when it starts, changes and ends.
#include "server/server.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
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

constexpr std::string_view kMaxClientsError = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtectedModeError =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

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

bool FromLoopback(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return false;
  if (address.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr) >> 24) == 127;
  }
  return address.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr);
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
      commands_(dispatch::BuildCommandTable()),
      services_{config_,  settings_, keyspace_, lazy_free_, *commands_, clients_, telemetry_,
                effects_, leases_,   pubsub_,   tracking_,  *this,      debug_},
      workers_(services_, static_cast<size_t>(settings_.threads)) {
  telemetry_.facts.run_id = telemetry::NewRunId();
  telemetry_.facts.replication_id = telemetry::NewRunId();
  telemetry_.facts.executable = std::move(executable);
  telemetry_.facts.supervised = supervised;
  telemetry_.facts.config_file = config_.file();
  telemetry_.facts.start_unix_ms = net::EventLoop::UnixMs();
  telemetry_.facts.port = settings_.port;
  effects_.set_concurrent(settings_.threads > 1);
  effects_.set_leases(leases_);
  effects_.set_events(events_);
  effects_.set_tracking(tracking_);
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
  Sockets tcp, unix_socket;
  if (config::Result opened = OpenTcp(settings_, &tcp); !opened) return opened;
  if (config::Result opened = OpenUnix(settings_, &unix_socket); !opened) return opened;
  if (tcp.empty() && unix_socket.empty()) {
    return config::Result::Error("Configured to not listen anywhere, exiting.");
  }
  Watch(std::move(tcp), &tcp_listeners_);
  Watch(std::move(unix_socket), &unix_listeners_);
  // As in Redis the server serves all the same when the system refuses the score; the log has the reason.
  [[maybe_unused]] bool adjusted = AdjustOomScore(settings_);
  return config::Result::Ok();
}

config::Result Server::OpenTcp(const config::Settings& settings, Sockets* sockets) const {
  if (settings.port == 0) return config::Result::Ok();
  for (std::string_view written : settings.bind) {
    bool optional = written.starts_with('-');
    std::string address(optional ? written.substr(1) : written);
    std::string error;
    bool missing = false;
    auto socket = net::ListeningSocket::Tcp(address, settings.port, settings.tcp_backlog, &error, &missing);
    if (socket) {
      sockets->push_back(std::move(socket));
      continue;
    }
    if (missing && optional) continue;
    return config::Result::Error(fmt::format(
        "Failed listening on port {} (TCP), aborting. Could not create server TCP listening socket {}:{}: {}",
        settings.port, address, settings.port, error));
  }
  return config::Result::Ok();
}

config::Result Server::OpenUnix(const config::Settings& settings, Sockets* sockets) const {
  if (settings.unixsocket.empty()) return config::Result::Ok();
  std::string error;
  auto socket =
      net::ListeningSocket::Unix(settings.unixsocket, settings.unixsocketperm, settings.tcp_backlog, &error);
  if (!socket) {
    return config::Result::Error(
        fmt::format("Failed opening Unix socket {}: {}", settings.unixsocket, error));
  }
  sockets->push_back(std::move(socket));
  return config::Result::Ok();
}

void Server::Watch(Sockets sockets, std::vector<std::unique_ptr<net::Listener>>* listeners) {
  listeners->clear();
  for (auto& socket : sockets) {
    listeners->push_back(std::make_unique<net::Listener>(
        workers_.first().loop(), std::move(socket), [this] { return AcceptsPerTurn(); },
        [this](int descriptor, net::Transport transport) { Accept(descriptor, transport); }));
  }
}

// The old sockets let go of their addresses first, for the new ones may want the same; on failure they listen
// again. Those of a change that worker 0 has not come to yet are the old ones then.
config::Result Server::Relisten(const config::Settings& settings) {
  Sockets sockets;
  for (auto& listener : tcp_listeners_) listener->socket().Suspend();
  if (next_tcp_) {
    for (auto& socket : *next_tcp_) socket->Suspend();
  }
  if (config::Result opened = OpenTcp(settings, &sockets); !opened) {
    log::Warning("{}", opened.error());
    sockets.clear();
    if (next_tcp_) {
      for (auto& socket : *next_tcp_) socket->Resume(settings_.tcp_backlog);
    } else {
      for (auto& listener : tcp_listeners_) listener->socket().Resume(settings_.tcp_backlog);
    }
    return config::Result::Error(settings.port != telemetry_.facts.port
                                     ? "Unable to listen on this port. Check server logs."
                                     : "Failed to bind to specified addresses.");
  }
  telemetry_.facts.port = settings.port;
  next_tcp_ = std::move(sockets);
  workers_.first().loop().Post([this] {
    if (next_tcp_) Watch(*std::exchange(next_tcp_, std::nullopt), &tcp_listeners_);
  });
  return config::Result::Ok();
}

// --- connections

std::string_view Server::Refusal(int descriptor, net::Transport transport) {
  if (!clients_.Admit(settings_.maxclients)) return kMaxClientsError;
  bool guarded =
      settings_.protected_mode && settings_.requirepass.empty() && transport == net::Transport::kTcp;
  if (!guarded || FromLoopback(descriptor)) return {};
  clients_.GiveUp();
  return kProtectedModeError;
}

int Server::AcceptsPerTurn() {
  workers_.first().OnWakeup();  // settings and counters are read inside the gate, here and in Accept
  return settings_.max_new_connections_per_cycle;
}

void Server::Accept(int descriptor, net::Transport transport) {
  std::string_view refusal = Refusal(descriptor, transport);
  if (!refusal.empty()) {
    // Best effort, as the peer may not even read it. Whoever has left already was not refused.
    const ssize_t sent = send(descriptor, refusal.data(), refusal.size(), MSG_NOSIGNAL);
    close(descriptor);
    if (sent >= 0) workers_.first().stats().rejected_connections++;
    return;
  }
  if (transport == net::Transport::kTcp) net::ConfigureTcp(descriptor, settings_.tcp_keepalive_s);
  workers_.Adopt(descriptor, transport);
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
  if (!tcp_listeners_.empty()) log::Notice("Ready to accept connections tcp");
  if (!unix_listeners_.empty()) log::Notice("Ready to accept connections unix");
  ready();
  workers_.Run();
  log::Notice("User requested shutdown...");
  tcp_listeners_.clear();
  unix_listeners_.clear();
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
                   [this](const Settings& settings) { return Relisten(settings); });
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
