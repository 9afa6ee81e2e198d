// Where the server listens, and who is let in.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "server/client/registry.h"
#include "server/config/config.h"
#include "server/dispatch/workers.h"
#include "server/net/listener.h"
#include "server/telemetry/telemetry.h"

namespace corral {

// Belongs to worker 0, the main thread; CONFIG SET reaches it from any worker with the gate held as writer.
class Listeners {
 public:
  Listeners(const config::Settings& settings, telemetry::Telemetry& telemetry, client::Registry& clients,
            dispatch::Workers& workers);

  // Opens what the settings name and watches it. The error is one line for the user.
  config::Result Open();
  // Takes the TCP sockets of other settings instead; nothing changes on an error. Any worker, gate held as
  // writer.
  config::Result Reopen(const config::Settings& settings);
  void Close();

  bool has_tcp() const { return !tcp_.empty(); }
  bool has_unix() const { return !unix_.empty(); }

 private:
  using Sockets = std::vector<std::unique_ptr<net::ListeningSocket>>;

  void Watch(Sockets sockets, std::vector<std::unique_ptr<net::Listener>>* listeners);
  int AcceptsPerTurn();
  void Accept(int descriptor, net::Transport transport);
  // The error that a new connection gets instead of service; empty when it is admitted.
  std::string_view Refusal(int descriptor, net::Transport transport);

  const config::Settings& settings_;
  telemetry::Telemetry& telemetry_;
  client::Registry& clients_;
  dispatch::Workers& workers_;
  std::vector<std::unique_ptr<net::Listener>> tcp_, unix_;
  std::optional<Sockets> next_tcp_;  // opened by Reopen, for worker 0 to watch instead of tcp_
};

}  // namespace corral
