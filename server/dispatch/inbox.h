// What a worker's connections send: where it is read to, and the batch that it goes to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "server/client/client.h"
#include "server/config/settings.h"
#include "server/dispatch/batch.h"
#include "server/dispatch/command_clock.h"
#include "server/telemetry/telemetry.h"

namespace corral::dispatch {

// Each connection is read once a turn. Bytes go to an arena that all connections share, from which requests
// are run in place; a connection gets a buffer of its own only for what is not complete, or may not run yet.
// The worker's thread, in a turn.
class Inbox {
 public:
  Inbox(const config::Settings& settings, telemetry::WorkerStats& stats, CommandClock& clock, Batch& batch);
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Where the next read of the connection goes; empty when it has had its read of this turn, or what it sent
  // before has yet to run. Runs the batch when the arena has no room.
  std::span<char> Buffer(client::Client& client);
  // `bytes` were read into the last Buffer, which was this client's. False when it has sent more of one
  // request than client-query-buffer-limit allows: it has to be closed.
  [[nodiscard]] bool Take(client::Client& client, size_t bytes);
  // After Take: what has come runs with the batch, or waits with its client until that may go on.
  void Queue(client::Client& client) {
    if (client.runnable()) {
      batch_.Add(client);
    } else if (client.pending_input.empty()) {
      client.pending_input.Assign(client.input);
    }
  }
  // The client may go on: what waited with it runs with the batch.
  void Resume(client::Client& client);

  // Runs the batch: nothing of the arena is used afterwards.
  void Run();
  void EndTurn() { last_read_id_ = 0; }

  static constexpr size_t kArenaBytes = 256 * 1024;
  static constexpr size_t kReadBytes = 32 * 1024;      // one read of one connection
  static constexpr size_t kBigReadBytes = 128 * 1024;  // while a big argument arrives

 private:
  bool Fits(const client::Client& client, size_t pending);  // or else it is logged and counted

  const config::Settings& settings_;
  telemetry::WorkerStats& stats_;
  CommandClock& clock_;
  Batch& batch_;
  std::unique_ptr<char[]> arena_;
  size_t arena_used_ = 0;
  uint64_t last_read_id_ = 0;  // the client of this turn's last read; 0: none
};

}  // namespace corral::dispatch
