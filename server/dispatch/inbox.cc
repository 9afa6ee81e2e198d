#include "server/dispatch/inbox.h"

#include <algorithm>

#include "server/log/log.h"
#include "server/log/throttle.h"
#include "storage/memory_meter.h"

namespace corral::dispatch {

using client::Client;

Inbox::Inbox(const config::Settings& settings, telemetry::WorkerStats& stats, CommandClock& clock,
             Batch& batch)
    : settings_(settings), stats_(stats), clock_(clock), batch_(batch), arena_(new char[kArenaBytes]) {}

std::span<char> Inbox::Buffer(Client& client) {
  // One read a turn for each connection: what the socket still holds makes it readable again in the next
  // turn. A second read need not come right after the first. When more than 1,024 connections are readable,
  // libuv polls again within the turn, before what a connection sent has run.
  if (last_read_id_ == client.id || client.turn.ready || client.turn.requests_wait ||
      client.turn.output_waits)
    return {};
  if (!client.pending_input.empty()) {
    std::span<char> tail = client.reader.DetachedTail();
    if (tail.empty()) tail = client.pending_input.Tail(client.reader.wanted_bytes());
    return tail.first(std::min(tail.size(), kBigReadBytes));
  }
  if (kArenaBytes - arena_used_ < kReadBytes) Run();
  return {arena_.get() + arena_used_, kReadBytes};
}

bool Inbox::Take(Client& client, size_t bytes) {
  last_read_id_ = client.id;
  stats_.bytes_in += bytes;
  ++stats_.reads;
  client.traffic.bytes_in += bytes;
  client.traffic.last_active_ms = clock_.unix_ms();
  // What a transaction has queued counts as well: it came the same way.
  const size_t queued = client.transaction ? client.transaction->queue.argument_bytes() : 0;
  if (client.pending_input.empty()) {
    client.input = {arena_.get() + arena_used_, bytes};
    // The next connection's bytes begin on a cache line of their own.
    arena_used_ += (bytes + 63) & ~size_t{63};
    return queued == 0 || Fits(client, queued + bytes);
  }
  if (client.reader.DetachedTail().empty()) {
    client.pending_input.Commit(bytes);
  } else {
    client.reader.CommitDetached(bytes);
  }
  client.input = client.pending_input.view();
  return Fits(client, client.pending_input.size() + client.reader.detached_bytes() + queued);
}

bool Inbox::Fits(const Client& client, size_t pending) {
  if (pending <= settings_.client_query_buffer_limit_bytes) [[likely]]
    return true;
  static log::Throttle closings("clients that reached max query buffer length", 10, 5'000);
  if (closings.Allows()) {
    log::Warning("Closing client that reached max query buffer length: {}",
                 client::Describe(client, clock_.unix_ms()));
  }
  ++stats_.query_buffer_disconnections;
  return false;
}

void Inbox::Resume(Client& client) {
  if (client.pending_input.empty() || !client.runnable()) return;
  client.input = client.pending_input.view();
  batch_.Add(client);
}

void Inbox::Run() {
  batch_.Run();
  arena_used_ = 0;
  storage::MemoryMeter::Publish();
}

}  // namespace corral::dispatch
