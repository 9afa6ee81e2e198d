// Sockets that listen, watched with uv_poll so that any worker's loop can take what they accept.
#include "server/net/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/log/log.h"
#include "server/log/throttle.h"

namespace corral::net {
namespace {

int OpenSocket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

bool BindAndListen(int descriptor, const sockaddr* address, socklen_t length, int backlog) {
  return bind(descriptor, address, length) == 0 && listen(descriptor, backlog) == 0;
}

// Whether a socket's file is left over: nobody listens there. In doubt it is not.
bool IsLeftOver(const sockaddr_un& address) {
  const int probe = OpenSocket(AF_UNIX);
  if (probe < 0) return false;
  const bool refused = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                       errno == ECONNREFUSED;
  close(probe);
  return refused;
}

template <class Handle>
void CloseAndDelete(Handle* handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

Listener::Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, Portion portion,
                   OnAccept on_accept)
    : poll_(new uv_poll_t),
      rest_(new uv_timer_t),
      socket_(std::move(socket)),
      portion_(std::move(portion)),
      on_accept_(std::move(on_accept)) {
  uv_poll_init(loop.handle(), poll_, socket_->descriptor());
  uv_timer_init(loop.handle(), rest_);
  poll_->data = rest_->data = this;
  Watch();
}

Listener::~Listener() {
  uv_poll_stop(poll_);
  CloseAndDelete(poll_);
  CloseAndDelete(rest_);
}

void Listener::Watch() {
  uv_poll_start(poll_, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<Listener*>(handle->data)->Accept(); });
}

void Listener::Accept() {
  for (int left = portion_(); left > 0; --left) {
    int descriptor = accept4(socket_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) Rest(errno);
      return;
    }
    told_ = false;
    on_accept_(descriptor, socket_->transport());
  }
}

// The connection that cannot be accepted stays in the backlog and keeps the socket readable: without a rest
// the loop would do nothing but try.
void Listener::Rest(int error) {
  static log::Throttle failures("accepting connections", 10, 5'000);
  if (!told_ && failures.Allows()) log::Warning("Accepting client connection: {}", std::strerror(error));
  told_ = true;
  uv_poll_stop(poll_);
  uv_timer_start(
      rest_, [](uv_timer_t* handle) { static_cast<Listener*>(handle->data)->Watch(); }, kRestMs, 0);
}

ListeningSocket::~ListeningSocket() {
  close(descriptor_);
  if (!path_.empty() && FileAt(path_) == file_) unlink(path_.c_str());
}

ListeningSocket::File ListeningSocket::FileAt(const std::string& path) {
  struct stat status;
  if (path.empty() || stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .node = status.st_ino};
}

// Linux turns a listening socket that is shut down back into a bound one.
void ListeningSocket::Suspend() { shutdown(descriptor_, SHUT_RDWR); }

void ListeningSocket::Resume(int backlog) { listen(descriptor_, backlog); }

std::unique_ptr<ListeningSocket> ListeningSocket::Tcp(const std::string& address, int port, int backlog,
                                                      std::string* error, bool* missing) {
  addrinfo hints{};
  hints.ai_family = address == "*" ? AF_INET : address == "::*" ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  bool all = address == "*" || address == "::*";
  int result = getaddrinfo(all ? nullptr : address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (result != 0) {
    *error = gai_strerror(result);
    *missing = false;
    return nullptr;
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  int failure = EADDRNOTAVAIL;
  for (addrinfo* candidate = found; candidate; candidate = candidate->ai_next) {
    int descriptor = OpenSocket(candidate->ai_family);
    if (descriptor < 0) {
      failure = errno;
      continue;
    }
    int one = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (candidate->ai_family == AF_INET6) {
      setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (BindAndListen(descriptor, candidate->ai_addr, candidate->ai_addrlen, backlog)) {
      return std::unique_ptr<ListeningSocket>(new ListeningSocket(descriptor, Transport::kTcp, ""));
    }
    failure = errno;
    close(descriptor);
  }
  *error = std::strerror(failure);
  *missing = failure == EADDRNOTAVAIL || failure == EAFNOSUPPORT || failure == ENOPROTOOPT ||
             failure == EPROTONOSUPPORT || failure == ESOCKTNOSUPPORT || failure == EPFNOSUPPORT;
  return nullptr;
}

std::unique_ptr<ListeningSocket> ListeningSocket::Unix(const std::string& path, unsigned permissions,
                                                       int backlog, std::string* error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    *error = std::strerror(ENAMETOOLONG);
    return nullptr;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) && IsLeftOver(address))
    unlink(path.c_str());
  int descriptor = OpenSocket(AF_UNIX);
  // Nobody can connect before it listens, so that nobody does whom the permissions are to keep out.
  if (descriptor < 0 || bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      (permissions != 0 && chmod(path.c_str(), permissions) != 0) || listen(descriptor, backlog) != 0) {
    *error = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return nullptr;
  }
  return std::unique_ptr<ListeningSocket>(new ListeningSocket(descriptor, Transport::kUnix, path));
}

void ConfigureTcp(int descriptor, int keepalive_seconds) {
  int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (keepalive_seconds <= 0) return;
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  int idle = keepalive_seconds, between = std::max(1, keepalive_seconds / 3), probes = 3;
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace corral::net
