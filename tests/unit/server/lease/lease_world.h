// The lease commands without a network: real handlers, keyspace and leases, connections and workers made of
// paper, and a clock under the test's control.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/command/debug_switches.h"
#include "server/config/config.h"
#include "server/lease/leases.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "server/waiting/mailbox.h"
#include "storage/base/clock.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"

namespace corral::lease {

// Jobs posted to a worker's thread wait until the test runs them.
class PaperWorker final : public client::ClientOwner {
 public:
  explicit PaperWorker(bool concurrent)
      : mailbox_([this](std::function<void()> job) { Post(std::move(job)); }, concurrent) {}
  void Post(std::function<void()> job) override;
  // Runs the jobs that were posted so far; false when there were none.
  bool RunJobs();

  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client& client) override { client.Unblock(); }

  client::ChunkPool chunks;
  waiting::Mailbox& mailbox() { return mailbox_; }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;
  waiting::Mailbox mailbox_;
};

// The parts of replies: the lines of RESP2 without their types and lengths; "-" stands for a null.
std::vector<std::string> PartsOf(const std::string& replies);

class LeaseWorld final : private command::Effects,
                         private storage::KeyspaceListener,
                         private command::Lifecycle {
 public:
  LeaseWorld(size_t workers, const storage::Clock& clock, uint64_t seed);
  ~LeaseWorld() override;

  // The key's lock is held for the call where there are several workers.
  void Run(client::Client& client, const std::vector<std::string>& arguments);
  // What the worker does with a client whose time is over or that has further input, and with one that
  // closes.
  void EndWait(client::Client& client);
  void Close(std::unique_ptr<client::Client> client);
  std::unique_ptr<client::Client> Connect(size_t worker);
  // The replies since the last call.
  static std::string TakeReplies(client::Client& client);

  PaperWorker& worker(size_t index) { return *workers_[index]; }
  Leases& leases() { return leases_; }
  storage::Keyspace& keyspace() { return keyspace_; }
  bool may_wait = true;  // of the commands to come, as outside of MULTI
  config::Settings settings = config::DefaultSettings();

 private:
  void KeyChanged(const storage::Database& database, const storage::Key& key,
                  const command::Event& event) override;
  void AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) override;
  void DatabaseFlushed(int database, uint64_t keys, int64_t now_ms) override;
  void DatabasesSwapped(int database, int other, int64_t now_ms) override;
  uint64_t dirty() const override { return 0; }
  void OnExpired(int, const storage::Key&) override {}
  void OnFieldExpired(int, const storage::Key&, std::string_view) override {}
  void OnFieldsExpired(int, const storage::Key&, bool) override {}
  void OnEvicted(int, const storage::Key&) override {}
  void RequestShutdown() override {}
  bool AbortShutdown() override { return false; }

  const storage::Clock& clock_;
  config::Config config_;
  storage::LazyFree lazy_free_;
  storage::Keyspace keyspace_;
  Leases leases_;
  std::vector<std::unique_ptr<PaperWorker>> workers_;
  command::CommandTable table_;
  client::Registry clients_;
  telemetry::Telemetry telemetry_;
  command::DebugSwitches debug_;
  pubsub::Hub hub_;
  tracking::Tracking tracking_;
  transaction::Watches watches_;
  command::Services services_;
};

}  // namespace corral::lease
