#include "tools/load_generator/connection.h"

#include <fmt/format.h>

namespace corral::load_generator {

Connection::Connection(uv_loop_t* loop, Protocol protocol, std::span<char> read_buffer,
                       ConnectionListener* listener)
    : parser_(protocol), read_buffer_(read_buffer), listener_(listener) {
  uv_tcp_init(loop, &socket_);
  socket_.data = this;
}

void Connection::Connect(int port) {
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", port, &address);
  const auto on_connected = [](uv_connect_t* request, int status) {
    auto* self = static_cast<Connection*>(request->handle->data);
    if (status == UV_ECANCELED) return;
    if (status < 0) {
      self->listener_->OnFailed(fmt::format("cannot connect: {}", uv_strerror(status)));
      return;
    }
    uv_tcp_nodelay(&self->socket_, 1);
    uv_read_start(
        request->handle,
        [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
          const std::span<char> space = static_cast<Connection*>(handle->data)->read_buffer_;
          *buffer = uv_buf_init(space.data(), static_cast<unsigned>(space.size()));
        },
        [](uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
          auto* self = static_cast<Connection*>(stream->data);
          if (length >= 0) return self->HandleBytes({buffer->base, static_cast<std::size_t>(length)});
          uv_read_stop(stream);
          self->failed_ = true;
          self->listener_->OnFailed(
              fmt::format("the server closed a connection ({})", uv_strerror(static_cast<int>(length))));
        });
    self->listener_->OnConnected(*self);
  };
  const int status =
      uv_tcp_connect(&connect_, &socket_, reinterpret_cast<const sockaddr*>(&address), on_connected);
  if (status < 0) listener_->OnFailed(fmt::format("cannot connect: {}", uv_strerror(status)));
}

void Connection::Send(std::string_view bytes, std::span<const Operation> operations, std::uint64_t due_ns) {
  if (failed_) return;
  for (const Operation& operation : operations) unanswered_.push_back({due_ns, operation});
  if (unsent_bytes() == 0) {
    const uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
    const int written = uv_try_write(reinterpret_cast<uv_stream_t*>(&socket_), &buffer, 1);
    if (written > 0) bytes.remove_prefix(written);  // an error shows again in the write or the read
    if (bytes.empty()) return;
  }
  unsent_ += bytes;
  if (being_written_.empty()) WriteUnsent();
}

void Connection::WriteUnsent() {
  being_written_.swap(unsent_);
  const uv_buf_t buffer = uv_buf_init(being_written_.data(), static_cast<unsigned>(being_written_.size()));
  write_.data = this;
  const auto on_written = [](uv_write_t* request, int status) {
    auto* self = static_cast<Connection*>(request->data);
    self->being_written_.clear();
    if (status == UV_ECANCELED) return;
    if (status < 0) {
      self->failed_ = true;
      self->listener_->OnFailed(fmt::format("cannot write to the server: {}", uv_strerror(status)));
    } else if (!self->unsent_.empty()) {
      self->WriteUnsent();
    }
  };
  const int status = uv_write(&write_, reinterpret_cast<uv_stream_t*>(&socket_), &buffer, 1, on_written);
  if (status < 0) {
    failed_ = true;
    listener_->OnFailed(fmt::format("cannot write to the server: {}", uv_strerror(status)));
  }
}

void Connection::HandleBytes(std::string_view bytes) {
  const std::uint64_t now_ns = uv_hrtime();
  parser_.Feed(bytes);
  Reply reply{};
  ReplyParser::Status status;
  while ((status = parser_.Next(&reply)) == ReplyParser::Status::kReply) {
    if (unanswered_.empty()) {
      failed_ = true;
      listener_->OnFailed("the server sent a reply that nobody had asked for");
      return;
    }
    const Request request = unanswered_.front();
    unanswered_.pop_front();
    listener_->OnReply(request.operation, request.due_ns, reply, now_ns);
  }
  if (status == ReplyParser::Status::kBroken) {
    failed_ = true;
    listener_->OnFailed("the server sent bytes that are not the protocol's: is --protocol right?");
    return;
  }
  if (!bytes.empty() && unanswered_.empty()) listener_->OnAnswered(*this);
}

}  // namespace corral::load_generator
