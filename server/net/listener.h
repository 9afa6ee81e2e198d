// Listening sockets: bound with Redis's rules, accepting in bounded portions.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/net/event_loop.h"
#include "server/net/stream.h"

namespace corral::net {

// A bound and listening socket that nobody watches yet: made on any thread. Closes it when destroyed,
// and removes a unix socket's file unless another one has its place by then.
class ListeningSocket {
 public:
  // `address`: a numeric address or a host name; "*" and "::*" are all addresses of IPv4 and IPv6. On failure
  // nullptr, and `error` says why in the system's words; `missing` is set when the address or its family does
  // not exist on this host (an optional bind address may be skipped then).
  static std::unique_ptr<ListeningSocket> Tcp(const std::string& address, int port, int backlog,
                                              std::string* error, bool* missing);
  // `permissions` 0: as the umask has it. A file left over by a socket where nobody listens any more is
  // replaced, as in Redis. It is an error if somebody listens there, or if that is not known.
  static std::unique_ptr<ListeningSocket> Unix(const std::string& path, unsigned permissions, int backlog,
                                               std::string* error);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  // Frees the address for another socket while this one stays bound, and listens again. Any thread, while the
  // socket's loop stands still.
  void Suspend();
  void Resume(int backlog);

  int descriptor() const { return descriptor_; }
  Transport transport() const { return transport_; }

 private:
  // Which file it is that a path names.
  struct File {
    uint64_t device = 0, node = 0;
    bool operator==(const File&) const = default;
  };
  static File FileAt(const std::string& path);

  ListeningSocket(int descriptor, Transport transport, std::string path)
      : descriptor_(descriptor), transport_(transport), path_(std::move(path)), file_(FileAt(path_)) {}

  int descriptor_;
  Transport transport_;
  std::string path_;  // empty: TCP
  File file_;         // that it made at the path
};

// Accepts what arrives at a socket, in portions: a storm of new connections must not starve those that work.
// While the process or the system has no descriptor left, it looks again every kRestMs. Made and destroyed on
// its loop's thread.
class Listener {
 public:
  static constexpr uint64_t kRestMs = 100;
  // The most connections to accept in the turn that begins; asked once for each turn with new ones.
  using Portion = std::function<int()>;
  // Called for each accepted connection; the callee owns the descriptor (non-blocking, close-on-exec).
  using OnAccept = std::function<void(int descriptor, Transport transport)>;

  Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, Portion portion, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ListeningSocket& socket() { return *socket_; }

 private:
  void Watch();
  void Accept();
  void Rest(int error);

  uv_poll_t* poll_;
  uv_timer_t* rest_;
  bool told_ = false;  // the log has why nothing was accepted since the last time
  std::unique_ptr<ListeningSocket> socket_;
  Portion portion_;
  OnAccept on_accept_;
};

// TCP_NODELAY and, with a positive interval, keep-alive probes after `seconds`, as Redis sets them.
void ConfigureTcp(int descriptor, int keepalive_seconds);

}  // namespace corral::net
