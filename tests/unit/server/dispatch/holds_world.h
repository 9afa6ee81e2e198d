// A worker's clients, what holds them up and how they go on, without a loop that turns.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "server/dispatch/chores.h"
#include "server/dispatch/connections.h"
#include "server/dispatch/holds.h"
#include "server/dispatch/inbox.h"
#include "server/dispatch/outbox.h"
#include "tests/unit/server/dispatch/dispatch_world.h"
#include "tests/unit/server/dispatch/idle_network.h"

namespace corral::dispatch {

struct HoldsWorld : DispatchWorld, OutboxOwner {
  HoldsWorld() : DispatchWorld(1) {
    pauses.AddWorker([] {});
    clients.transit().AddWorker([] {});
  }
  ~HoldsWorld() { connections.CloseAll(); }

  client::Client& Connect() {
    REQUIRE(clients.Admit(100'000));
    return connections.Add(network.Connect(), *this, chunks, executor.clock().unix_ms());
  }
  // What has arrived for a client that may not go on is kept with it, as the inbox has it.
  void Arrive(client::Client& client, std::string_view input) {
    client.input = input;
    inbox.Queue(client);
  }
  void Set(std::string_view directive, std::string_view value) {
    const std::pair<std::string_view, std::string_view> pairs[] = {{directive, value}};
    REQUIRE(config.Set(pairs, true).ok());
  }

  client::Client* Find(uint64_t id) override { return connections.Find(id); }
  void Sending(client::Client&) override {}
  void CloseSent(client::Client& client) override { connections.Close(client); }

  IdleNetwork network;
  client::ChunkPool chunks;
  GatePass pass{gate, 0};
  PauseQueue pauses;
  Outbox outbox{services.settings, clients.memory(), stats, executor.clock(), pass, *this};
  Inbox inbox{services.settings, stats, executor.clock(), batch};
  Chores chores{services, stats, gate, 0, executor, chunks};
  Holds holds{clients, *this, inbox, outbox, pauses, 0};
  Connections connections{services, batch, outbox, holds};
};

// A wait that says how it ended.
class ToldWait final : public client::Wait {
 public:
  explicit ToldWait(bool ends_on_input = false) : ends_on_input_(ends_on_input) {}
  void ReplyTimeout(protocol::ReplyWriter& reply) override { reply.Simple("TIMEOUT"); }
  bool EndsOnInput() const override { return ends_on_input_; }

 private:
  bool ends_on_input_;
};

}  // namespace corral::dispatch
