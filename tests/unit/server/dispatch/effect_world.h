// Workers without a network that run any command with a log that keeps what it gets, and run it again.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/pending_effects.h"
#include "server/dispatch/effects.h"
#include "server/dispatch/families.h"
#include "server/pubsub/keyspace_events.h"
#include "tests/unit/server/dispatch/dispatch_world.h"

namespace corral::dispatch {

struct KeptEffect {
  int database;
  std::vector<std::string> arguments;
};
using KeptGroup = std::vector<KeptEffect>;

class KeepingLog final : public command::EffectLog {
 public:
  void Append(std::span<const command::Effect> effects) override;

  std::vector<KeptGroup> groups;

 private:
  std::mutex mutex_;
};

class EffectWorld final : private command::Effects,
                          private command::Lifecycle,
                          private MonitorFeed,
                          private client::ClientOwner {
 public:
  explicit EffectWorld(size_t workers);

  // One worker: its thread alone uses it.
  class Lane {
   public:
    Lane(EffectWorld& world, size_t worker);
    void Bind() { pending_.Bind(); }  // to the calling thread, before Run
    // Through gates, locks and handler; returns the reply.
    std::string Run(const std::vector<std::string>& words);
    std::string Run(const command::Command& command, const std::vector<std::string>& words);
    void ExpireDue(int64_t later_ms = 0);
    int64_t now_ms() const { return executor_.clock().unix_ms(); }

   private:
    EffectWorld& world_;
    const size_t worker_;
    telemetry::WorkerStats stats_;
    mutable Executor executor_;
    command::PendingEffects pending_;
    client::ChunkPool pool_;
    client::Client client_;
  };

  void Configure(std::string_view name, std::string_view value);
  // Runs the effects on a clock that stands before all times in them.
  void Replay(const std::vector<KeptGroup>& groups);
  // Every key that lives at `now_ms`, with its value and its times, sorted. What is stale at `stale_ms` is
  // only said to be so: SOFTDEL carries no time.
  std::vector<std::string> Contents(int64_t now_ms, int64_t stale_ms);

  static constexpr int kDatabases = 4;
  static constexpr int64_t kReplayMs = 1000;

 private:
  void KeyChanged(const storage::Database& database, const storage::Key& key,
                  const command::Event& event) override {
    writes_.KeyChanged(database, key, event);
  }
  void AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) override {
    writes_.AbsentKeyDeleted(database, key);
  }
  void DatabaseFlushed(int database, uint64_t, int64_t now_ms) override {
    leases_.DatabaseFlushed(database, now_ms);
  }
  void DatabasesSwapped(int database, int other, int64_t now_ms) override {
    leases_.DatabasesSwapped(database, other, now_ms);
  }
  uint64_t dirty() const override { return 0; }
  void RequestShutdown() override {}
  bool AbortShutdown() override { return false; }
  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client&) override {}
  void Feed(const std::string&) override {}

  storage::LazyFree lazy_free_;
  storage::SystemClock system_clock_;
  storage::TickCounter ticks_;
  WriteEffects writes_;

 public:
  config::Config config;
  storage::Keyspace keyspace;
  KeepingLog log;

 private:
  lease::Leases leases_;
  pubsub::Hub pubsub_;
  pubsub::KeyspaceEvents events_;
  tracking::Tracking tracking_;
  transaction::Watches watches_;
  command::DebugSwitches debug_;
  client::Registry clients_;
  telemetry::Telemetry telemetry_;

 public:
  std::unique_ptr<command::CommandTable> table;
  command::Services services;

 private:
  Gate gate_;
};

}  // namespace corral::dispatch
