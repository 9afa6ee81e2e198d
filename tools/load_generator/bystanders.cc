#include "tools/load_generator/bystanders.h"

#include <algorithm>

#include <fmt/format.h>

namespace corral::load_generator {
namespace {

// At most this many connection attempts at a time, below the usual backlog of a listener.
constexpr std::uint64_t kConnectAtOnce = 64;

constexpr std::uint64_t kBigValueBytes = 512 * 1024;
constexpr int kBigValueReads = 128;

std::string SlowReaderRequests(Protocol protocol) {
  const std::string value(kBigValueBytes, 'x');
  std::string requests;
  std::string read = "get slow-reader\r\n";
  if (protocol == Protocol::kResp) {
    read = "*2\r\n$3\r\nGET\r\n$11\r\nslow-reader\r\n";
    requests = fmt::format("*3\r\n$3\r\nSET\r\n$11\r\nslow-reader\r\n${}\r\n{}\r\n", value.size(), value);
  } else {
    requests = fmt::format("set slow-reader 0 0 {}\r\n{}\r\n", value.size(), value);
  }
  for (int count = 0; count < kBigValueReads; ++count) requests += read;
  return requests;
}

}  // namespace

Bystanders::Bystanders(uv_loop_t* loop, const Options& options, std::function<void()> on_ready,
                       std::function<void(std::string)> on_failed)
    : loop_(loop),
      port_(options.port),
      slow_readers_(options.slow_readers),
      count_(options.slow_readers + options.idle_connections),
      on_ready_(std::move(on_ready)),
      on_failed_(std::move(on_failed)) {
  if (slow_readers_ > 0) slow_reader_requests_ = SlowReaderRequests(options.protocol);
}

void Bystanders::Start() {
  if (count_ == 0) return on_ready_();
  const std::uint64_t first = std::min(count_, kConnectAtOnce);
  for (std::uint64_t started = 0; started < first; ++started) ConnectNext();
}

void Bystanders::ConnectNext() {
  Bystander& bystander = bystanders_.emplace_back();
  bystander.owner = this;
  bystander.is_slow_reader = bystanders_.size() <= slow_readers_;
  uv_tcp_init(loop_, &bystander.socket);
  bystander.socket.data = &bystander;
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", port_, &address);
  const int status =
      uv_tcp_connect(&bystander.connect, &bystander.socket, reinterpret_cast<const sockaddr*>(&address),
                     [](uv_connect_t* request, int result) {
                       auto* self = static_cast<Bystander*>(request->handle->data);
                       self->owner->HandleConnected(self, result);
                     });
  if (status < 0) on_failed_(fmt::format("cannot connect a bystander: {}", uv_strerror(status)));
}

void Bystanders::HandleConnected(Bystander* bystander, int status) {
  if (status == UV_ECANCELED) return;
  if (status < 0) return on_failed_(fmt::format("cannot connect a bystander: {}", uv_strerror(status)));
  if (bystander->is_slow_reader) {
    AskAndNeverRead(bystander);
  } else {
    WatchForClose(bystander);
  }
  ++connected_;
  if (bystanders_.size() < count_) ConnectNext();
  if (connected_ == count_) on_ready_();
}

void Bystanders::AskAndNeverRead(Bystander* bystander) {
  // A small buffer on our side, so that the data stays the server's burden.
  int receive_bytes = 4096;
  uv_recv_buffer_size(reinterpret_cast<uv_handle_t*>(&bystander->socket), &receive_bytes);
  const uv_buf_t buffer =
      uv_buf_init(slow_reader_requests_.data(), static_cast<unsigned>(slow_reader_requests_.size()));
  // A server may close a client that does not read: that is no failure of the run.
  uv_write(&bystander->write, reinterpret_cast<uv_stream_t*>(&bystander->socket), &buffer, 1, nullptr);
}

void Bystanders::WatchForClose(Bystander* bystander) {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&bystander->socket),
      [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
        static char unused[256];
        *buffer = uv_buf_init(unused, sizeof unused);
      },
      [](uv_stream_t* stream, ssize_t length, const uv_buf_t*) {
        if (length >= 0) return;
        uv_read_stop(stream);
        static_cast<Bystander*>(stream->data)
            ->owner->on_failed_(fmt::format("the server closed an idle connection ({})",
                                            uv_strerror(static_cast<int>(length))));
      });
}

}  // namespace corral::load_generator
