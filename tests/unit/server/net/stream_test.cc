#include "server/net/stream.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace corral::net {
namespace {

class NoHooks final : public LoopHooks {
 public:
  void AfterPoll() override {}
  void BeforeSleep() override {}
  void OnWakeup() override {}
};

class Counter final : public StreamHandler {
 public:
  std::span<char> ReadBuffer(Stream&) override { return {}; }
  void OnRead(Stream&, size_t) override {}
  void OnEnd(Stream&) override {}
  void OnWritten(Stream& stream, size_t bytes, bool ok) override {
    CHECK(stream.writing());
    ++calls;
    written += bytes;
    all_ok = all_ok && ok;
  }

  int calls = 0;
  size_t written = 0;
  bool all_ok = true;
};

// A stream whose socket was full a moment ago, and whose peer has read everything meanwhile.
class Drained {
 public:
  Drained(EventLoop& loop, Counter& counter) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peer_ = ends[1];
    stream.reset(new Stream(loop, ends[0], Transport::kUnix, counter));
    Slice all{bytes_.data(), bytes_.size()};
    const ssize_t taken = stream->TryWrite({&all, 1});
    REQUIRE(taken > 0);
    REQUIRE(static_cast<size_t>(taken) < bytes_.size());
    char buffer[65536];
    while (read(peer_, buffer, sizeof buffer) > 0) {
    }
  }
  ~Drained() { close(peer_); }

  void WriteRest() {
    Slice rest{bytes_.data(), 100};
    REQUIRE(stream->Write({&rest, 1}));
    CHECK(stream->writing());
  }

  Stream::Handle stream;

 private:
  std::string bytes_ = std::string(size_t{4} << 20, 'x');
  int peer_ = -1;
};

TEST_CASE("stream: a write that the socket takes at once is told in a later turn") {
  NoHooks hooks;
  EventLoop loop(&hooks);
  Counter counter;
  Drained drained(loop, counter);
  drained.WriteRest();
  CHECK(counter.calls == 0);
  uv_run(loop.handle(), UV_RUN_NOWAIT);
  CHECK(counter.calls == 1);
  CHECK(counter.written == 100);
  CHECK(counter.all_ok);
  CHECK_FALSE(drained.stream->writing());
}

TEST_CASE("stream: an owner that is gone hears of no write, whether it was through or not") {
  NoHooks hooks;
  EventLoop loop(&hooks);
  Counter counter;
  Drained drained(loop, counter);
  drained.WriteRest();
  drained.stream.reset();
  uv_run(loop.handle(), UV_RUN_NOWAIT);
  uv_run(loop.handle(), UV_RUN_NOWAIT);
  CHECK(counter.calls == 0);
}

}  // namespace
}  // namespace corral::net
