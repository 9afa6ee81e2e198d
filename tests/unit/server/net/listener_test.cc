#include "server/net/listener.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "server/log/log.h"

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

// While it lives, the process gets no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = dup(0);
    REQUIRE(next > 0);
    close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("listening socket: the path of one that listens is not taken, a left-over file is") {
  std::string pattern = (std::filesystem::temp_directory_path() / "corral-listener-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  const std::string path = pattern + "/socket";
  std::string error;
  auto first = ListeningSocket::Unix(path, 0, 100, &error);
  REQUIRE_MESSAGE(first, error);
  CHECK(ListeningSocket::Unix(path, 0, 100, &error) == nullptr);
  CHECK(error == "Address already in use");
  CHECK(std::filesystem::exists(path));

  // Somebody else puts another one there: the first does not take it along.
  std::filesystem::remove(path);
  auto second = ListeningSocket::Unix(path, 0, 100, &error);
  REQUIRE_MESSAGE(second, error);
  first.reset();
  CHECK(std::filesystem::exists(path));

  // One that was killed leaves its file behind.
  const std::string left = pattern + "/left";
  std::filesystem::rename(path, left);
  second.reset();
  CHECK(std::filesystem::exists(left));
  auto third = ListeningSocket::Unix(left, 0, 100, &error);
  REQUIRE_MESSAGE(third, error);
  third.reset();
  CHECK_FALSE(std::filesystem::exists(left));
  std::filesystem::remove(pattern);
}

TEST_CASE("listener: without a free descriptor it rests, and accepts once there is one") {
  std::string pattern = (std::filesystem::temp_directory_path() / "corral-listener-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  NoHooks hooks;
  EventLoop loop(&hooks);
  std::string error;
  auto socket = ListeningSocket::Unix(pattern + "/socket", 0600, 100, &error);
  REQUIRE_MESSAGE(socket, error);
  int tries = 0, accepted = 0;
  const log::Level level = log::CurrentLevel();
  log::SetLevel(log::Level::kNothing);
  {
    Listener listener(
        loop, std::move(socket),
        [&] {
          ++tries;
          return 10;
        },
        [&](int descriptor, Transport) {
          close(descriptor);
          ++accepted;
        });
    Clients clients(pattern + "/socket", 5);
    {
      NoDescriptors none;
      for (int turn = 0; turn < 1000; ++turn) uv_run(loop.handle(), UV_RUN_NOWAIT);
    }
    CHECK(accepted == 0);
    CHECK(tries >= 1);
    CHECK(tries < 100);
    // Nothing but the listener's own timer ends the wait.
    for (int turn = 0; turn < 100 && accepted < 5; ++turn) uv_run(loop.handle(), UV_RUN_ONCE);
    CHECK(accepted == 5);
  }
  log::SetLevel(level);
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace corral::net
