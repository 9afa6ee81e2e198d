#include "server/listeners.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "server/log/log.h"

namespace corral {
namespace {

using Sockets = std::vector<std::unique_ptr<net::ListeningSocket>>;

constexpr std::string_view kMaxClientsError = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtectedModeError =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

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

config::Result OpenTcp(const config::Settings& settings, Sockets* sockets) {
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

config::Result OpenUnix(const config::Settings& settings, Sockets* sockets) {
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

}  // namespace

Listeners::Listeners(const config::Settings& settings, telemetry::Telemetry& telemetry,
                     client::Registry& clients, dispatch::Workers& workers)
    : settings_(settings), telemetry_(telemetry), clients_(clients), workers_(workers) {}

config::Result Listeners::Open() {
  Sockets tcp, unix_socket;
  if (config::Result opened = OpenTcp(settings_, &tcp); !opened) return opened;
  if (config::Result opened = OpenUnix(settings_, &unix_socket); !opened) return opened;
  if (tcp.empty() && unix_socket.empty()) {
    return config::Result::Error("Configured to not listen anywhere, exiting.");
  }
  Watch(std::move(tcp), &tcp_);
  Watch(std::move(unix_socket), &unix_);
  return config::Result::Ok();
}

// The old sockets let go of their addresses first, for the new ones may want the same; on failure they listen
// again. Those of a change that worker 0 has not come to yet are the old ones then.
config::Result Listeners::Reopen(const config::Settings& settings) {
  Sockets sockets;
  for (auto& listener : tcp_) listener->socket().Suspend();
  if (next_tcp_) {
    for (auto& socket : *next_tcp_) socket->Suspend();
  }
  if (config::Result opened = OpenTcp(settings, &sockets); !opened) {
    log::Warning("{}", opened.error());
    sockets.clear();
    if (next_tcp_) {
      for (auto& socket : *next_tcp_) socket->Resume(settings_.tcp_backlog);
    } else {
      for (auto& listener : tcp_) listener->socket().Resume(settings_.tcp_backlog);
    }
    return config::Result::Error(settings.port != telemetry_.facts.port
                                     ? "Unable to listen on this port. Check server logs."
                                     : "Failed to bind to specified addresses.");
  }
  telemetry_.facts.port = settings.port;
  next_tcp_ = std::move(sockets);
  workers_.first().loop().Post([this] {
    if (next_tcp_) Watch(*std::exchange(next_tcp_, std::nullopt), &tcp_);
  });
  return config::Result::Ok();
}

void Listeners::Close() {
  tcp_.clear();
  unix_.clear();
}

// --- connections

void Listeners::Watch(Sockets sockets, std::vector<std::unique_ptr<net::Listener>>* listeners) {
  listeners->clear();
  for (auto& socket : sockets) {
    listeners->push_back(std::make_unique<net::Listener>(
        workers_.first().loop(), std::move(socket), [this] { return AcceptsPerTurn(); },
        [this](int descriptor, net::Transport transport) { Accept(descriptor, transport); }));
  }
}

std::string_view Listeners::Refusal(int descriptor, net::Transport transport) {
  if (!clients_.Admit(settings_.maxclients)) return kMaxClientsError;
  bool guarded =
      settings_.protected_mode && settings_.requirepass.empty() && transport == net::Transport::kTcp;
  if (!guarded || FromLoopback(descriptor)) return {};
  clients_.GiveUp();
  return kProtectedModeError;
}

int Listeners::AcceptsPerTurn() {
  workers_.first().OnWakeup();  // settings and counters are read inside the gate, here and in Accept
  return settings_.max_new_connections_per_cycle;
}

void Listeners::Accept(int descriptor, net::Transport transport) {
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

}  // namespace corral
