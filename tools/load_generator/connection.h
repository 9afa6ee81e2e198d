// One loaded connection to the server: what was asked, what is still to be sent, and the replies to it.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "tools/load_generator/reply_parser.h"
#include "tools/load_generator/request_writer.h"

namespace corral::load_generator {

class Connection;

// Told what happens on the connections; called from the loop's thread. Times are uv_hrtime's nanoseconds.
class ConnectionListener {
 public:
  virtual void OnConnected(Connection& connection) = 0;
  virtual void OnReply(const Operation& operation, std::uint64_t due_ns, const Reply& reply,
                       std::uint64_t now_ns) = 0;
  // Everything asked has been answered.
  virtual void OnAnswered(Connection& connection) = 0;
  // The connection is of no use any more.
  virtual void OnFailed(const std::string& reason) = 0;

 protected:
  ~ConnectionListener() = default;
};

// Replies are matched to requests in order. Belongs to one loop and is not movable: libuv keeps its address.
// It must outlive the loop's last turn after uv_close.
class Connection {
 public:
  // `read_buffer` may be shared by all connections of a loop.
  Connection(uv_loop_t* loop, Protocol protocol, std::span<char> read_buffer, ConnectionListener* listener);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Of 127.0.0.1; answers through the listener.
  void Connect(int port);

  // Writes a batch; all of it was due at `due_ns`. What the socket does not take is kept and sent later.
  void Send(std::string_view bytes, std::span<const Operation> operations, std::uint64_t due_ns);

  std::size_t unanswered() const { return unanswered_.size(); }
  std::size_t unsent_bytes() const { return unsent_.size() + being_written_.size(); }

 private:
  struct Request {
    std::uint64_t due_ns;
    Operation operation;
  };

  void HandleBytes(std::string_view bytes);
  void WriteUnsent();

  ReplyParser parser_;
  std::span<char> read_buffer_;
  ConnectionListener* listener_;
  std::deque<Request> unanswered_;
  std::string unsent_;
  std::string being_written_;  // belongs to write_ until it has finished
  bool failed_ = false;
  uv_tcp_t socket_;
  uv_connect_t connect_;
  uv_write_t write_;
};

}  // namespace corral::load_generator
