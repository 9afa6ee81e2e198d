// Runs handlers without a network: a keyspace, a client, a recorder of what the handlers report as changed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
#include "storage/base/clock.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"

namespace corral::commands {

class StringSink final : public protocol::ReplySink {
 public:
  void AppendShared(const storage::SharedBytes& bytes) override { Append(bytes.view()); }
  std::string Take() {
    Collect();
    return std::exchange(text_, {});
  }

 private:
  void NextWindow() override { Collect(); }
  void Collect() {
    if (pos_ != nullptr) text_.append(window_, static_cast<size_t>(pos_ - window_));
    pos_ = window_;
    end_ = window_ + sizeof window_;
  }

  char window_[kMaxContiguous];
  std::string text_;
};

class CommandRun : private command::Effects, private command::Lifecycle, private client::ClientOwner {
 public:
  CommandRun();

  // The reply's bytes.
  std::string operator()(std::vector<std::string_view> arguments);
  // What changed since the last call: "set 0 key", one for each event.
  std::vector<std::string> Events() { return std::exchange(events_, {}); }

  int64_t now_ms = 1'700'000'000'000;
  // Calls `use` with a context of these arguments and returns the reply.
  template <typename Use>
  std::string With(std::vector<std::string_view> arguments, Use use) {
    command::Context ctx = Make(*table_.Find("get"), arguments);
    use(ctx);
    return sink_.Take();
  }
  client::Client& client() { return client_; }
  storage::Keyspace& keyspace() { return keyspace_; }

 private:
  command::Context Make(const command::Command& command, std::span<const std::string_view> arguments) {
    return command::Context(services_, client_, stats_, command, arguments, reply_,
                            keyspace_.database(client_.session.database, now_ms));
  }

  void KeyChanged(const storage::Database& database, const storage::Key& key,
                  const command::Event& event) override;
  void AbsentKeyDeleted(const storage::Database& database, const storage::Key& key) override;
  void DatabaseFlushed(int database, uint64_t keys, int64_t now_ms) override;
  void DatabasesSwapped(int database, int other, int64_t now_ms) override;
  uint64_t dirty() const override { return 0; }
  void RequestShutdown() override {}
  bool AbortShutdown() override { return false; }
  void Visit(uint64_t, std::function<void(client::Client&)>) override {}
  void WaitAnswered(client::Client&) override {}

  config::Config config_;
  storage::LazyFree lazy_free_;
  storage::Keyspace keyspace_;
  storage::SystemClock clock_;
  lease::Leases leases_;
  pubsub::Hub pubsub_{1, 7};
  tracking::Tracking tracking_;
  transaction::Watches watches_;
  command::CommandTable table_;
  client::Registry clients_;
  telemetry::Telemetry telemetry_;
  telemetry::WorkerStats stats_;
  command::DebugSwitches debug_;
  command::Services services_;
  client::ChunkPool pool_;
  client::Client client_;
  StringSink sink_;
  protocol::ReplyWriter reply_;
  std::vector<std::string> events_;
};

}  // namespace corral::commands
