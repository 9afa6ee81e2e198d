// The daemon: owns every part, builds them in visible order, ends them in order.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/config/config.h"
#include "server/dispatch/effects.h"
#include "server/dispatch/workers.h"
#include "server/lease/leases.h"
#include "server/listeners.h"
#include "server/process/limits.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "storage/base/clock.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"

namespace corral {

// Made after daemonizing: it starts threads. Used from the main thread, which becomes worker 0's;
// RequestShutdown and AbortShutdown from any worker.
class Server final : public command::Lifecycle {
 public:
  // For INFO: the program's absolute path, and who supervises it (process::Supervisor::name).
  Server(config::Config& config, std::string executable, std::string_view supervised);
  ~Server();

  // Whether the tables of so many databases can fit into this machine at all; before a Server is made.
  static config::Result CheckDatabases(const config::Settings& settings);

  // Applies what renames or limits, and opens the listeners. The error is one line for the user.
  config::Result Start();
  // Serves until a signal or SHUTDOWN; `ready` is called once connections are accepted.
  void Run(const std::function<void()>& ready);

  void RequestShutdown() override;
  bool AbortShutdown() override;

 private:
  void RegisterObservers();
  void WatchSignals();
  config::Result RenameCommands();
  void Tick();
  bool AdjustOomScore(const config::Settings& settings);

  config::Config& config_;
  const config::Settings& settings_;
  telemetry::Telemetry telemetry_;
  command::DebugSwitches debug_;
  client::Registry clients_;
  dispatch::WriteEffects effects_;
  storage::LazyFree lazy_free_;
  storage::Keyspace keyspace_;
  storage::SystemClock clock_;
  lease::Leases leases_;
  pubsub::Hub pubsub_;
  pubsub::KeyspaceEvents events_;
  tracking::Tracking tracking_;
  transaction::Watches watches_;
  std::unique_ptr<command::CommandTable> commands_;
  command::Services services_;
  dispatch::Workers workers_;
  Listeners listeners_;
  process::OomScore oom_score_;
  std::vector<std::unique_ptr<net::SignalWatch>> signals_;
  uint64_t ticks_ = 0;
};

}  // namespace corral
