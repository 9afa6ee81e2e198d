#include "server/net/listener.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace corral::net {
namespace {

class NoHooks final : public LoopHooks {
 public:
  void AfterPoll() override {}
  void BeforeSleep() override {}
  void OnWakeup() override {}
};

// Connections that wait in the backlog of a unix socket.
class Clients {
 public:
  Clients(const std::string& path, int count) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      REQUIRE(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
      descriptors_.push_back(descriptor);
    }
  }
  ~Clients() {
    for (const int descriptor : descriptors_) close(descriptor);
  }

 private:
  std::vector<int> descriptors_;
};

TEST_CASE("listener: accepts a portion in each turn, of the size that holds then") {
  std::string pattern = (std::filesystem::temp_directory_path() / "corral-listener-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  const std::string path = pattern + "/socket";
  NoHooks hooks;
  EventLoop loop(&hooks);
  std::string error;
  auto socket = ListeningSocket::Unix(path, 0, 100, &error);
  REQUIRE_MESSAGE(socket, error);
  int portion = 10, accepted = 0;
  {
    Listener listener(
        loop, std::move(socket), [&] { return portion; },
        [&](int descriptor, Transport) {
          close(descriptor);
          ++accepted;
        });
    const auto turn = [&] {
      accepted = 0;
      uv_run(loop.handle(), UV_RUN_NOWAIT);
      return accepted;
    };
    Clients clients(path, 40);
    CHECK(turn() == 10);
    CHECK(turn() == 10);
    portion = 3;
    CHECK(turn() == 3);
    portion = 1000;
    CHECK(turn() == 17);
    CHECK(turn() == 0);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace corral::net
