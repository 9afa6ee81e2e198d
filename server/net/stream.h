// One connection's bytes on its loop: a plain socket, and the seam for streams that decrypt what they read.
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
  // The bytes given to Write are sent, or the connection has failed. Still writing() until this returns. A
  // stream that encrypts also tells when what TryWrite took has left it; `bytes` counts those of Write alone.
  virtual void OnWritten(Stream& stream, size_t bytes, bool ok) = 0;

 protected:
  ~StreamHandler() = default;
};

enum class Transport : uint8_t { kTcp, kUnix };

// A socket, TCP or unix, that reads into its handler's memory and writes without copying.
//
// A kind of stream that transforms its bytes (TLS) derives from it: it is the handler of its own socket,
// stands before the owner's handler, and overrides TryWrite, Write and Reread. What it then owes its owner:
//
// Reading: a record may decrypt to more bytes than ReadBuffer had room for, and the kernel does not announce
// the rest. SetHasBuffered says that there is some, and Reread offers it in a later turn. Until it is taken
// the stream reads nothing from the socket, and does not tell its end.
//
// Writing: TryWrite takes nothing while encrypted bytes wait for the socket, so there are never more of them
// than one call makes. They go to Stream::Write at once, and writing() is true until they are sent, even if
// the owner has nothing more to write. Bytes that cannot be encrypted yet, during a handshake, count with
// AddUnsent.
//
// Other threads read a stream's figures while its worker is outside of a turn. So allocated_bytes() may only
// change within one, that is after a call of the handler.
class Stream {
 public:
  // Takes the connected socket over. `context` is the owner's.
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
  // Whether it holds bytes for its handler, or the end behind them. Never so for a plain socket. Each turn
  // asks the handler of a reading stream for memory until these bytes are taken.
  bool HasBuffered() const { return has_buffered_; }

  // Writes what the socket takes now: the number of bytes (0: it takes none), or a negative libuv error.
  virtual ssize_t TryWrite(std::span<const Slice> slices);
  // Writes `slices` as the socket takes them, after a TryWrite that took less than all. One at a time; the
  // memory stays until OnWritten. False when the connection has failed.
  virtual bool Write(std::span<const Slice> slices);
  // Whether bytes that were taken have yet to be sent.
  bool writing() const { return unsent_bytes_ != 0; }

  Transport transport() const { return transport_; }
  int descriptor() const;
  std::string PeerAddress() const;  // "127.0.0.1:1234", "[::1]:1234", "/path:0", as CLIENT LIST shows them
  std::string LocalAddress() const;
  // What it takes of memory: itself and the bytes that it holds.
  virtual size_t allocated_bytes() const { return sizeof(*this); }

 protected:
  virtual ~Stream();

  // For kinds that transform their bytes.
  bool closed() const { return handler_ == nullptr; }  // by its owner, who is told nothing more
  void SetHasBuffered(bool has_buffered);
  virtual void Reread() {}  // the turn of a stream that HasBuffered
  void AddUnsent(size_t bytes) { unsent_bytes_ += bytes; }
  void RemoveUnsent(size_t bytes) { unsent_bytes_ -= bytes; }

 private:
  friend class RereadList;
  struct WriteRequest;

  void Close();
  uv_stream_t* base() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  RereadList& rereads();

  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  StreamHandler* handler_;  // null: closed
  Transport transport_;
  bool reading_ = false;
  bool has_buffered_ = false;
  uint32_t reread_place_ = 0;  // in the loop's reread list, counted from 1; 0: not in it
  size_t unsent_bytes_ = 0;
};

}  // namespace corral::net
