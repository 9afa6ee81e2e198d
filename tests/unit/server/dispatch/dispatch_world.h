// Parts of a server without a network: what an executor and a batch need, with fakes for what they tell.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/commands/families.h"
#include "server/config/config.h"
#include "server/dispatch/batch.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate.h"
#include "server/lease/leases.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "storage/base/clock.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"

namespace corral::dispatch {

// A row of a test's own.
constexpr command::CommandSpec Row(std::string_view name, int arity, uint32_t flags,
                                   std::span<const command::KeySpec> keys, command::Handler handler) {
  command::CommandSpec row;
  row.name = name;
  row.arity = arity;
  row.flags = flags;
  row.keys = keys;
  row.handler = handler;
  row.group = "server";
  row.since = "1.0.0";
  row.summary = "Tests.";
  return row;
}

// Worker 0 of `workers`; the tests play the others. `rows`: commands of the test's own beside those of
// strings and connections.
class DispatchWorld : public client::ClientOwner,
                      private command::Effects,
                      private command::Lifecycle,
                      private MonitorFeed,
                      private BatchObserver {
 public:
  explicit DispatchWorld(size_t workers, std::span<const command::CommandSpec> rows = {})
      : keyspace({.databases = 2, .shards = 16, .concurrent = workers > 1, .seed = 7}, nullptr, &lazy_free_),
        leases_(keyspace, config.settings(), system_clock_, 7),
        pubsub_(workers, 7),
        tracking_(keyspace, lazy_free_, config.settings(), workers, 7),
        watches_(keyspace),
        table(Table(rows)),
        stats(table.all().size()),
        services{config, config.settings(), keyspace, lazy_free_, table,    clients, telemetry,
                 *this,  leases_,           pubsub_,  tracking_,  watches_, *this,   debug_},
        gate(workers),
        executor(services, stats, gate, 0, ticks_, *this),
        batch(services, executor, gate, 0, *this) {
    // Its clients have no connection whose address the slow log could name.
    const std::pair<std::string_view, std::string_view> never[] = {{"slowlog-log-slower-than", "-1"}};
    REQUIRE(config.Set(never, true).ok());
    executor.clock().Refresh();
  }

  std::unique_ptr<client::Client> Connect() {
    return std::make_unique<client::Client>(clients.NextId(), *this, net::Stream::Handle{}, pool_, 0);
  }
  // `input` stays the caller's and must outlive the batch.
  void Send(client::Client& client, std::string_view input) {
    client.input = input;
    batch.Add(client);
  }
  static std::string TakeReplies(client::Client& client) {
    std::string text;
    while (!client.output.empty()) {
      net::Slice slices[16];
      size_t bytes = 0;
      const size_t count = client.output.Gather(slices);
      for (size_t i = 0; i < count; ++i) {
        text.append(slices[i].data, slices[i].size);
        bytes += slices[i].size;
      }
      client.output.Consume(bytes);
    }
    return text;
  }

 private:
  static command::CommandTable Table(std::span<const command::CommandSpec> rows) {
    const std::span<const command::CommandSpec> families[] = {
        commands::StringCommands(),   commands::ManyStringsCommands(), commands::SubstringCommands(),
        commands::KeyspaceCommands(), commands::ConnectionCommands(),  rows};
    return command::CommandTable(families);
  }

  void KeyChanged(const storage::Database&, const storage::Key&, const command::Event&) override {}
  void AbsentKeyDeleted(const storage::Database&, const storage::Key&) override {}
  void DatabaseFlushed(int, uint64_t, int64_t) override {}
  void DatabasesSwapped(int, int, int64_t) override {}
  uint64_t dirty() const override { return 0; }
  void RequestShutdown() override {}
  bool AbortShutdown() override { return false; }
  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client&) override {}
  void Feed(const std::string& line) override { fed.push_back(line); }
  void AfterCommand(client::Client& client) override { ran.push_back(client.id); }
  void HeldByPause(client::Client& client) override { held.push_back(client.id); }
  void HeldByTransit(client::Client& client) override { held.push_back(client.id); }

  storage::LazyFree lazy_free_;
  storage::SystemClock system_clock_;
  storage::TickCounter ticks_;

 public:
  config::Config config;
  storage::Keyspace keyspace;

 private:
  lease::Leases leases_;
  pubsub::Hub pubsub_;
  tracking::Tracking tracking_;
  transaction::Watches watches_;
  command::DebugSwitches debug_;
  client::ChunkPool pool_;

 public:
  command::CommandTable table;
  client::Registry clients;
  telemetry::Telemetry telemetry;
  telemetry::WorkerStats stats;
  command::Services services;
  Gate gate;
  Executor executor;
  Batch batch;
  std::vector<uint64_t> ran, held;  // ids of clients, as the batch tells them
  std::vector<std::string> fed;     // lines for monitors
};

}  // namespace corral::dispatch
