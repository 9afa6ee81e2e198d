// One connection's state: identity, protocol, selected database, input and output, what it waits for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/reply_writer.h"
#include "protocol/request_reader.h"
#include "server/client/attachment.h"
#include "server/client/client_owner.h"
#include "server/client/input_buffer.h"
#include "server/client/output_buffer.h"
#include "server/client/session.h"
#include "server/client/subscriptions.h"
#include "server/client/tracking_mode.h"
#include "server/client/traffic.h"
#include "server/client/transaction.h"
#include "server/client/turn_state.h"
#include "server/client/wait.h"
#include "server/net/stream.h"

namespace corral::command {
struct Command;
}

namespace corral::client {

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
  std::string library_name, library_version;       // CLIENT SETINFO
  const int64_t created_ms;                        // Unix time
  const command::Command* last_command = nullptr;  // null as well when that did not exist

  // --- state that commands read and change
  Session session;
  KindOfClient kind() const { return subscriptions ? KindOfClient::kPubsub : KindOfClient::kNormal; }
  std::unique_ptr<Subscriptions> subscriptions;  // null: none; changed by pubsub::Hub alone
  std::unique_ptr<TrackingMode> tracking;        // null: never used; changed by tracking::Tracking
  std::unique_ptr<Transaction> transaction;      // null: not in MULTI
  std::unique_ptr<Watching> watching;  // null: watches no key; changed by transaction::Watches alone
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
  bool runnable() const {
    return !wait_ && !turn.paused && !turn.held_back && !close_after_reply_ && !close_now_;
  }
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

  // --- figures, and its place in its worker's turns
  Traffic traffic;
  TurnState turn;
  size_t MemoryBytes() const;
  // The same without the buffers in its output that it shares with keys and other clients.
  size_t OwnMemoryBytes() const;
  size_t counted_memory_bytes = 0;  // of it, what MemoryLimit has in its sum

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
