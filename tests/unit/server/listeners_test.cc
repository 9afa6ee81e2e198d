// Who is let in, with what words others are sent away, and which file is left.
#include "server/listeners.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "server/config/config.h"
#include "tests/unit/server/config/scratch_folder.h"
#include "tests/unit/server/dispatch/dispatch_world.h"

namespace corral {
namespace {

constexpr std::string_view kMaxClients = "-ERR max number of clients reached\r\n";

// One worker behind real sockets, whose loop the test turns.
class World {
 public:
  World() {
    settings.port = 0;
    settings.unixsocket = folder_.path() + "/socket";
  }
  ~World() {
    listeners.Close();
    workers_.first().CloseAll();
  }

  void Turn() {
    for (int i = 0; i < 10; ++i) uv_run(workers_.first().loop().handle(), UV_RUN_NOWAIT);
  }
  size_t admitted() const { return world_.clients.size(); }
  uint64_t rejected() { return workers_.first().stats().rejected_connections; }

 private:
  config::ScratchFolder folder_;
  dispatch::DispatchWorld world_{1};
  dispatch::Workers workers_{world_.services, 1};

 public:
  config::Settings settings = config::DefaultSettings();
  Listeners listeners{settings, world_.telemetry, world_.clients, workers_};
};

class Peer {
 public:
  explicit Peer(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Peer(in_addr host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr = host;
    address.sin_port = htons(static_cast<uint16_t>(port));
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Peer() { close(descriptor_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // What has arrived, until now.
  std::string Read() {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
      all.append(buffer, static_cast<size_t>(got));
    return all;
  }
  // What the server answers.
  std::string Ask(World& world, std::string_view request) {
    REQUIRE(send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    world.Turn();
    return Read();
  }

 private:
  void Connect(const sockaddr* address, socklen_t size) {
    descriptor_ = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(descriptor_, address, size) == 0);
  }

  int descriptor_ = -1;
};

TEST_CASE("listeners: as many as maxclients says are let in; the next one gets Redis's line and goes") {
  World world;
  world.settings.maxclients = 2;
  REQUIRE(world.listeners.Open());
  CHECK(world.listeners.has_unix());
  CHECK_FALSE(world.listeners.has_tcp());
  auto first = std::make_unique<Peer>(world.settings.unixsocket);
  Peer second(world.settings.unixsocket), third(world.settings.unixsocket);
  world.Turn();
  CHECK(world.admitted() == 2);
  CHECK(third.Read() == kMaxClients);
  CHECK(world.rejected() == 1);
  CHECK(first->Ask(world, "PING\r\n") == "+PONG\r\n");
  CHECK(second.Ask(world, "PING\r\n") == "+PONG\r\n");
  // The place of one that leaves is free, and no more than that.
  first.reset();
  world.Turn();
  Peer fourth(world.settings.unixsocket), fifth(world.settings.unixsocket);
  CHECK(fourth.Ask(world, "PING\r\n") == "+PONG\r\n");
  CHECK(fifth.Read() == kMaxClients);
  CHECK(world.rejected() == 2);
  // The limit that holds is the one of now.
  world.settings.maxclients = 3;
  Peer sixth(world.settings.unixsocket);
  CHECK(sixth.Ask(world, "PING\r\n") == "+PONG\r\n");
  CHECK(world.admitted() == 3);
}

// A port that nobody has.
int FreePort() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  REQUIRE(bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(descriptor);
  return ntohs(address.sin_port);
}

// This machine's address in a network; the loopback address when it is in none.
in_addr OwnAddress() {
  in_addr own{htonl(INADDR_LOOPBACK)};
  ifaddrs* all = nullptr;
  REQUIRE(getifaddrs(&all) == 0);
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
    if (ntohl(address.s_addr) >> 24 != 127) own = address;
  }
  freeifaddrs(all);
  return own;
}

TEST_CASE("listeners: without a password, protected mode lets in who is on this machine") {
  const in_addr loopback{htonl(INADDR_LOOPBACK)}, own = OwnAddress();
  World world;
  world.settings.bind = {"0.0.0.0"};
  world.settings.port = FreePort();
  REQUIRE(world.listeners.Open());
  CHECK(world.listeners.has_tcp());
  Peer local(world.settings.unixsocket), here(loopback, world.settings.port);
  CHECK(local.Ask(world, "PING\r\n") == "+PONG\r\n");
  CHECK(here.Ask(world, "PING\r\n") == "+PONG\r\n");
  if (own.s_addr == loopback.s_addr) {
    MESSAGE("no network: nobody comes from outside");
    return;
  }
  Peer outside(own, world.settings.port);
  world.Turn();
  CHECK(outside.Read().starts_with("-DENIED Redis is running in protected mode because protected mode"));
  CHECK(world.rejected() == 1);
  // The place that it had for a moment is free again.
  CHECK(world.admitted() == 2);
  world.settings.maxclients = 4;
  world.settings.requirepass = "secret";
  Peer known(own, world.settings.port);
  CHECK_FALSE(known.Ask(world, "PING\r\n").starts_with("-DENIED"));
  world.settings.requirepass.clear();
  world.settings.protected_mode = false;
  Peer open(own, world.settings.port);
  CHECK(open.Ask(world, "PING\r\n") == "+PONG\r\n");
  CHECK(world.admitted() == 4);
}

TEST_CASE("listeners: the file that goes with them is their own") {
  World world;
  const std::string path = world.settings.unixsocket;
  REQUIRE(world.listeners.Open());
  CHECK(std::filesystem::exists(path));
  world.listeners.Close();
  CHECK_FALSE(world.listeners.has_unix());
  CHECK_FALSE(std::filesystem::exists(path));

  REQUIRE(world.listeners.Open());
  std::filesystem::remove(path);
  std::string error;
  auto another = net::ListeningSocket::Unix(path, 0, 10, &error);
  REQUIRE_MESSAGE(another, error);
  world.listeners.Close();
  CHECK(std::filesystem::exists(path));
  // Where another one listens, they do not open at all.
  CHECK_FALSE(world.listeners.Open());
  CHECK(std::filesystem::exists(path));
}

}  // namespace
}  // namespace corral
