// Real sockets for clients whose address is asked for, on a loop that never turns.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <span>
#include <vector>

#include "server/net/event_loop.h"
#include "server/net/stream.h"

namespace corral::dispatch {

class IdleNetwork final : private net::LoopHooks, private net::StreamHandler {
 public:
  ~IdleNetwork() override {
    for (int peer : peers_) close(peer);
  }

  net::Stream::Handle Connect() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peers_.push_back(ends[1]);
    return net::Stream::Handle(new net::Stream(loop_, ends[0], net::Transport::kUnix, *this));
  }

 private:
  void AfterPoll() override {}
  void BeforeSleep() override {}
  void OnWakeup() override {}
  std::span<char> ReadBuffer(net::Stream&) override { return {}; }
  void OnRead(net::Stream&, size_t) override {}
  void OnEnd(net::Stream&) override {}
  void OnWritten(net::Stream&, size_t, bool) override {}

  net::EventLoop loop_{this};
  std::vector<int> peers_;
};

}  // namespace corral::dispatch
