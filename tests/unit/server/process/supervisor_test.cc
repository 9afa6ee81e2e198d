// The notification protocol of systemd.
#include "server/process/supervisor.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace corral::process {
namespace {

// A listener under an abstract name, as systemd's, in NOTIFY_SOCKET.
class Manager {
 public:
  Manager() {
    name_ = "@corral-test-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name_.data(), name_.size());
    address.sun_path[0] = '\0';
    descriptor_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    close(descriptor_);
  }

  std::string Next() {
    char buffer[256];
    const ssize_t size = recv(descriptor_, buffer, sizeof(buffer), 0);
    return size < 0 ? "(nothing)" : std::string(buffer, static_cast<size_t>(size));
  }

 private:
  std::string name_;
  int descriptor_ = -1;
};

TEST_CASE("supervisor: systemd hears of start, readiness and end") {
  Manager manager;
  for (const Supervision wanted : {Supervision::kSystemd, Supervision::kAutomatic}) {
    Supervisor supervisor(wanted);
    CHECK(supervisor.active());
    supervisor.Starting();
    CHECK(manager.Next() == "STATUS=Corral is loading...\n");
    supervisor.Ready();
    CHECK(manager.Next() == "STATUS=Ready to accept connections\nREADY=1\n");
    supervisor.Stopping();
    CHECK(manager.Next() == "STOPPING=1\n");
  }
  Supervisor none(Supervision::kNone);
  none.Ready();
  CHECK(manager.Next() == "(nothing)");
}

TEST_CASE("supervisor: nobody there") {
  unsetenv("NOTIFY_SOCKET");
  unsetenv("UPSTART_JOB");
  CHECK_FALSE(Supervisor(Supervision::kSystemd).active());
  CHECK_FALSE(Supervisor(Supervision::kAutomatic).active());
  CHECK_FALSE(Supervisor(Supervision::kUpstart).active());
  setenv("NOTIFY_SOCKET", "relative", 1);
  CHECK_FALSE(Supervisor(Supervision::kSystemd).active());
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace corral::process
