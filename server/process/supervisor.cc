#include "server/process/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "server/log/log.h"

namespace corral::process {

Supervisor::Supervisor(Supervision wanted) {
  const char* socket_path = getenv("NOTIFY_SOCKET");
  const char* upstart_job = getenv("UPSTART_JOB");
  if (wanted == Supervision::kAutomatic) {
    wanted = upstart_job != nullptr   ? Supervision::kUpstart
             : socket_path != nullptr ? Supervision::kSystemd
                                      : Supervision::kNone;
  }
  if (wanted == Supervision::kUpstart) {
    if (upstart_job == nullptr) {
      log::Warning("upstart supervision requested, but UPSTART_JOB not found!");
      return;
    }
    unsetenv("UPSTART_JOB");
  }
  if (wanted == Supervision::kSystemd) {
    const bool usable = socket_path != nullptr && (socket_path[0] == '/' || socket_path[0] == '@') &&
                        socket_path[1] != '\0' && strlen(socket_path) < sizeof(sockaddr_un::sun_path);
    if (!usable) {
      log::Warning("systemd supervision requested, but NOTIFY_SOCKET not found!");
      return;
    }
    socket_path_ = socket_path;
  }
  supervision_ = wanted;
}

std::string_view Supervisor::name() const {
  if (supervision_ == Supervision::kUpstart) return "upstart";
  return supervision_ == Supervision::kSystemd ? "systemd" : "no";
}

void Supervisor::Starting() { Notify("STATUS=Corral is loading...\n"); }

void Supervisor::Ready() {
  if (supervision_ == Supervision::kUpstart) {
    log::Notice("supervised by upstart, will stop to signal readiness.");
    raise(SIGSTOP);
  }
  Notify("STATUS=Ready to accept connections\nREADY=1\n");
}

void Supervisor::Stopping() { Notify("STOPPING=1\n"); }

void Supervisor::Notify(std::string_view message) {
  if (supervision_ != Supervision::kSystemd) return;
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    log::Warning("Can't create the socket for systemd: {}", strerror(errno));
    return;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_path_.size());
  if (sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
             size) < 0) {
    log::Warning("Can't send notification to systemd: {}", strerror(errno));
  }
  close(descriptor);
}

}  // namespace corral::process
