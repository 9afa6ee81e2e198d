// One connected socket, TCP or unix, on its loop: reads into its handler's memory, writes without copying.
#pragma once

#include <uv.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "server/net/event_loop.h"
#include "server/net/slice.h"

namespace corral::net {

class Stream;

// The owner of a stream; called on the loop's thread only.
class StreamHandler {
 public:
  // Memory for the next read; empty: do not read in this turn.
  virtual std::span<char> ReadBuffer(Stream& stream) = 0;
  virtual void OnRead(Stream& stream, size_t bytes) = 0;
  virtual void OnEnd(Stream& stream) = 0;  // the peer closed, or the connection failed: close the stream
  // The bytes given to Write are sent, or the connection has failed. Still writing() until this returns.
  virtual void OnWritten(Stream& stream, size_t bytes, bool ok) = 0;

 protected:
  ~StreamHandler() = default;
};

enum class Transport : uint8_t { kTcp, kUnix };

class Stream {
 public:
  // Takes the connected socket over. `context` is the owner's; see context().
  Stream(EventLoop& loop, int descriptor, Transport transport, StreamHandler& handler);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // libuv frees a handle a turn after it is closed: a stream outlives its owner's pointer until then.
  struct Closer {
    void operator()(Stream* stream) const { stream->Close(); }
  };
  using Handle = std::unique_ptr<Stream, Closer>;

  void* context = nullptr;  // the owner's connection

  void StartReading();
  void StopReading();
  bool reading() const { return reading_; }

  // Writes what the socket takes now: the number of bytes (0: it takes none), or a negative libuv error.
  ssize_t TryWrite(std::span<const Slice> slices);
  // Writes `slices` as the socket takes them, after a TryWrite that took less than all. One at a time; the
  // memory stays until OnWritten. False when the connection has failed.
  bool Write(std::span<const Slice> slices);
  bool writing() const { return writing_bytes_ != 0; }

  Transport transport() const { return transport_; }
  int descriptor() const;
  std::string PeerAddress() const;  // "127.0.0.1:1234", "[::1]:1234", "/path:0", as CLIENT LIST shows them
  std::string LocalAddress() const;

 private:
  ~Stream() = default;
  void Close();
  uv_stream_t* base() { return reinterpret_cast<uv_stream_t*>(&handle_); }

  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  StreamHandler* handler_;  // null: closed
  Transport transport_;
  bool reading_ = false;
  size_t writing_bytes_ = 0;
};

}  // namespace corral::net
