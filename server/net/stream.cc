// A libuv TCP or pipe handle behind one interface.
#include "server/net/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <memory>

#include <fmt/format.h>

namespace corral::net {
namespace {

Stream* Self(void* handle) { return static_cast<Stream*>(static_cast<uv_handle_t*>(handle)->data); }

// libuv's buffers have the layout of slices, and writing changes no byte of them.
static_assert(sizeof(uv_buf_t) == sizeof(Slice) && offsetof(uv_buf_t, base) == offsetof(Slice, data) &&
              offsetof(uv_buf_t, len) == offsetof(Slice, size));
const uv_buf_t* Buffers(std::span<const Slice> slices) {
  return reinterpret_cast<const uv_buf_t*>(slices.data());
}

std::string FormatAddress(const sockaddr_storage& address, const std::string& unix_path) {
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.ss_family) {
    case AF_INET: {
      auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
      inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
      return fmt::format("{}:{}", text, ntohs(v4->sin_port));
    }
    case AF_INET6: {
      auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
      inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
      return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
    }
    default:
      return unix_path + ":0";
  }
}

// The path of a unix socket is that of the listening side, whichever end asks.
std::string UnixPath(int descriptor) {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  return length > offsetof(sockaddr_un, sun_path) ? address.sun_path : "";
}

}  // namespace

Stream::Stream(EventLoop& loop, int descriptor, Transport transport, StreamHandler& handler)
    : handler_(&handler), transport_(transport) {
  if (transport == Transport::kTcp) {
    uv_tcp_init(loop.handle(), &handle_.tcp);
    uv_tcp_open(&handle_.tcp, descriptor);
  } else {
    uv_pipe_init(loop.handle(), &handle_.pipe, 0);
    uv_pipe_open(&handle_.pipe, descriptor);
  }
  base()->data = this;
}

Stream::~Stream() = default;

RereadList& Stream::rereads() { return static_cast<EventLoop*>(base()->loop->data)->rereads(); }

void Stream::SetHasBuffered(bool has_buffered) {
  has_buffered_ = has_buffered;
  if (has_buffered && reading_) rereads().Add(*this);
}

void Stream::Close() {
  handler_ = nullptr;
  rereads().Remove(*this);
  uv_close(reinterpret_cast<uv_handle_t*>(base()), [](uv_handle_t* handle) { delete Self(handle); });
}

void Stream::StartReading() {
  if (reading_) return;
  reading_ = true;
  if (has_buffered_) rereads().Add(*this);
  uv_read_start(
      base(),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        Stream* self = Self(handle);
        std::span<char> memory = self->handler_->ReadBuffer(*self);
        *buffer = uv_buf_init(memory.data(), static_cast<unsigned>(memory.size()));
      },
      [](uv_stream_t* handle, ssize_t bytes, const uv_buf_t*) {
        Stream* self = Self(handle);
        if (bytes > 0) {
          self->handler_->OnRead(*self, static_cast<size_t>(bytes));
        } else if (bytes < 0 && bytes != UV_ENOBUFS) {
          self->handler_->OnEnd(*self);
        }
      });
}

void Stream::StopReading() {
  if (!reading_) return;
  reading_ = false;
  rereads().Remove(*this);
  uv_read_stop(base());
}

ssize_t Stream::TryWrite(std::span<const Slice> slices) {
  int written = uv_try_write(base(), Buffers(slices), static_cast<unsigned>(slices.size()));
  return written == UV_EAGAIN ? 0 : written;
}

struct Stream::WriteRequest {
  uv_write_t request;
  size_t bytes;
};

bool Stream::Write(std::span<const Slice> slices) {
  auto* write = new WriteRequest{};
  for (const Slice& slice : slices) write->bytes += slice.size;
  AddUnsent(write->bytes);
  write->request.data = write;
  const auto done = [](uv_write_t* request, int status) {
    Stream* self = Self(request->handle);
    const std::unique_ptr<WriteRequest> written(static_cast<WriteRequest*>(request->data));
    // Closed: the owner is gone. Not all of these are cancelled, for what was written or has failed before
    // the end is told with the end.
    if (self->closed()) return;
    // In a turn, as other threads look at streams while this one is outside.
    self->handler_->OnWritten(*self, written->bytes, status == 0);
    self->RemoveUnsent(written->bytes);
  };
  if (uv_write(&write->request, base(), Buffers(slices), static_cast<unsigned>(slices.size()), done) == 0)
    return true;
  RemoveUnsent(write->bytes);
  delete write;
  return false;
}

int Stream::descriptor() const {
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle_), &descriptor);
  return descriptor;
}

std::string Stream::PeerAddress() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (transport_ == Transport::kUnix) return UnixPath(descriptor()) + ":0";
  if (getpeername(descriptor(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return "?:0";
  return FormatAddress(address, "");
}

std::string Stream::LocalAddress() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (transport_ == Transport::kUnix) return UnixPath(descriptor()) + ":0";
  if (getsockname(descriptor(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return "?:0";
  return FormatAddress(address, "");
}

}  // namespace corral::net
