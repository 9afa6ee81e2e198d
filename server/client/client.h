// One connection's state: identity, protocol, selected database, input and output, what it waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/reply_writer.h"
#include "protocol/request_reader.h"
#include "server/client/attachment.h"
#include "server/client/input_buffer.h"
#include "server/client/output_buffer.h"
#include "server/client/push.h"
#include "server/client/subscriptions.h"
#include "server/client/tracking_mode.h"
#include "server/net/stream.h"

namespace corral::command {
struct Command;
}

namespace corral::client {

enum class ReplyMode : uint8_t { kOn, kOff, kSkip, kSkipNext };

// What a blocked client waits for; owned by the client, gone when the wait ends.
class Wait {
 public:
  virtual ~Wait() = default;
  // The reply when the deadline passes, or for CLIENT UNBLOCK ... TIMEOUT.
  virtual void ReplyTimeout(protocol::ReplyWriter& reply) = 0;
  // Whether further input on the connection ends the wait as its deadline does.
  virtual bool EndsOnInput() const { return false; }
};

// How a wait that another connection ends is answered (CLIENT UNBLOCK).
enum class WaitEnd : uint8_t { kNone, kTimeout, kError };

class Client;

// The worker that runs a client.
class ClientOwner {
 public:
  // Runs `work` with the client on its own thread, in a later turn and in order, then acts upon what the
  // client was told (to close, to end its wait) and sends its output; nothing happens when the client is
  // gone. Any thread.
  virtual void Visit(uint64_t client_id, std::function<void(Client&)> work) = 0;
  void Revisit(uint64_t client_id) {
    Visit(client_id, [](Client&) {});
  }
  // The client's wait is over and its reply is written: it goes on. The owner's thread, in a turn.
  virtual void WaitAnswered(Client& client) = 0;

  // Runs `work` on the owner's thread, in a later turn and in order. Any thread.
  virtual void Post(std::function<void()> /*work*/) {}
  // The same for work that carries messages to clients. Their `bytes` count as in transit until the turn that
  // ran it has sent them (Transit).
  virtual void PostMessages(std::function<void()> work, size_t /*bytes*/) { Post(std::move(work)); }
  // Null when it is gone. The owner's thread.
  virtual Client* Find(uint64_t /*client_id*/) { return nullptr; }
  // Queues a message that is no reply, outside of the reply that the client's present command is writing;
  // closes the client at its output limit, at once. The owner's thread, in a turn. Not for a client that
  // closes already.
  virtual void Push(Client& /*client*/, const PushedMessage& /*message*/) {}
  // Of the owners of a process, from 0 on.
  size_t worker_index = 0;

 protected:
  ~ClientOwner() = default;
};

enum class KindOfClient : uint8_t {
  kNormal,
  kReplica,
  kPubsub
};  // the classes of client-output-buffer-limit

// Owned by its worker and only touched by that worker's thread, or under the gate as writer.
class Client {
 public:
  Client(uint64_t id, ClientOwner& owner, net::Stream::Handle stream, ChunkPool& pool, int64_t now_ms);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- identity
  const uint64_t id;
  ClientOwner& owner() { return *owner_; }
  net::Stream& stream() { return *stream_; }
  const net::Stream& stream() const { return *stream_; }
  std::string name;
  std::string library_name, library_version;
  std::string user = "default";
  const int64_t created_ms;                        // Unix time
  int64_t last_active_ms;                          // Unix time when bytes of it were last read, or sent to it
  const command::Command* last_command = nullptr;  // null as well when that did not exist

  // --- state that commands read and change
  int database = 0;
  bool authenticated = true;
  bool no_evict = false, no_touch = false;
  bool monitor = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  KindOfClient kind() const { return subscriptions ? KindOfClient::kPubsub : KindOfClient::kNormal; }
  std::unique_ptr<Subscriptions> subscriptions;  // null: none; changed by pubsub::Hub alone
  std::unique_ptr<TrackingMode> tracking;        // null: never used; changed by tracking::Tracking
  protocol::Version version() const { return reply.version(); }

  // Sends what is queued, then closes. Commands behind the present one are not run.
  void CloseAfterReply() { close_after_reply_ = true; }
  bool close_after_reply() const { return close_after_reply_; }
  // Closes without sending more (CLIENT KILL, limits). From another thread: only under the gate as writer,
  // followed by owner().Revisit.
  void CloseNow() { close_now_ = true; }
  bool close_now() const { return close_now_; }

  // --- blocking: the connection's later commands wait until the wait ends
  // `deadline_ms` is monotonic milliseconds (net::EventLoop::MonotonicMs), 0: no deadline.
  void Block(std::unique_ptr<Wait> wait, int64_t deadline_ms);
  bool blocked() const { return wait_ != nullptr; }
  // Whether its next command may run.
  bool runnable() const { return !wait_ && !paused && !held_back && !close_after_reply_ && !close_now_; }
  Wait* wait() { return wait_.get(); }
  int64_t wait_deadline_ms() const { return wait_deadline_ms_; }
  // Ends the wait; the reply has been written, or is written by the caller now. A CLIENT UNBLOCK that was
  // asked for is done with it: it must not end the next wait.
  void Unblock() {
    wait_.reset();
    requested_wait_end = WaitEnd::kNone;
  }
  // What CLIENT UNBLOCK asks of the owner; set under the gate as writer, followed by owner().Revisit.
  WaitEnd requested_wait_end = WaitEnd::kNone;

  std::unique_ptr<Attachment> leader;  // lease::Leader, from the first lease on

  // --- input and output, run by the worker
  protocol::RequestReader reader;
  InputBuffer pending_input;  // bytes of a command that has not arrived in full, or whose turn has not come
  std::string_view input;  // during a batch: what is not executed yet, in the worker's arena or pending_input
  OutputBuffer output;
  protocol::ReplyWriter reply;

  // --- figures for CLIENT LIST
  uint64_t bytes_in = 0, bytes_out = 0, commands = 0;
  size_t MemoryBytes() const;
  // The same without the buffers in its output that it shares with keys and other clients.
  size_t OwnMemoryBytes() const;
  size_t counted_memory_bytes = 0;  // of it, what MemoryLimit has in its sum
  size_t reply_peak_bytes = 0;      // the most that was to be sent at once since the last few seconds began
  int64_t output_soft_limit_since_ms = 0;                   // 0: below the soft limit
  bool paused = false;                                      // held back by CLIENT PAUSE
  bool ready = false, flush_queued = false, ended = false;  // in the worker's lists
  // It has had its share of this turn. requests_wait: it has more requests, in pending_input. output_waits:
  // it has more output. Nothing is read from it until the next turns have done the rest.
  bool requests_wait = false, output_waits = false;
  bool input_ended = false;  // the peer sends no more; its output is sent while the socket takes it at once
  size_t pushed_bytes = 0;   // of messages that others queued for it since the last flush
  // sent_messages: since requests of it were last read, its commands have sent messages to other workers.
  // held_back: it waits until fewer of them are in transit.
  bool sent_messages = false, held_back = false;

 private:
  ClientOwner* owner_;
  net::Stream::Handle stream_;
  std::unique_ptr<Wait> wait_;
  int64_t wait_deadline_ms_ = 0;
  bool close_after_reply_ = false, close_now_ = false;
};

// The request that a client is running, whose bytes are in no buffer of its own any more; zeros for any other
// client.
struct RunningRequest {
  size_t bytes = 0;           // on the wire
  size_t argument_bytes = 0;  // of its arguments alone
};

// One line of CLIENT LIST and CLIENT INFO, in Redis's field order, without the line break.
std::string Describe(const Client& client, int64_t now_ms, RunningRequest running = {});

}  // namespace corral::client
