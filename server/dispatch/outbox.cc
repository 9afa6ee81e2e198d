// Shares, writes and limits of what is sent.
#include "server/dispatch/outbox.h"

#include <algorithm>
#include <array>
#include <span>

#include "server/client/authentication.h"
#include "server/log/log.h"
#include "server/log/throttle.h"
#include "storage/base/capacity.h"

namespace corral::dispatch {

using client::Client;

Outbox::Outbox(const config::Settings& settings, const client::MemoryLimit& memory,
               telemetry::WorkerStats& stats, CommandClock& clock, GatePass& pass, OutboxOwner& owner)
    : settings_(settings), memory_(memory), stats_(stats), clock_(clock), pass_(pass), owner_(owner) {}

void Outbox::BeginTurn() {
  sharers_ = unsent_.size() + 1;
  queued_.insert(queued_.end(), unsent_.begin(), unsent_.end());
  unsent_.clear();
  storage::GiveBack(unsent_);
}

void Outbox::Remove(Client& client) {
  if (client.turn.flush_queued) std::erase(queued_, &client);
  if (client.turn.output_waits) std::erase(unsent_, &client);
}

void Outbox::SendNow(Client& client) {
  if (client.turn.flush_queued) std::erase(queued_, &client);
  SendPending(client);
}

void Outbox::GiveWay() {
  if (pass_.GiveWay()) [[unlikely]]
    clock_.Refresh();
}

void Outbox::FlushAll() {
  while (!queued_.empty()) {
    std::vector<Client*> clients;
    clients.swap(queued_);
    for (Client* client : clients) {
      client->turn.flush_queued = client->turn.output_waits = false;
      Flush(*client);
    }
    clients.clear();
    storage::GiveBack(clients);
    if (queued_.empty()) queued_.swap(clients);  // keeps the memory
  }
}

void Outbox::Flush(Client& client) {
  bool owed = !client.output.empty();
  // Before sending as well: what is over the limit is not sent at all, however fast the peer reads.
  if (!client.close_now() && client.output.pieces() > 0 && OverLimit(client, clock_.unix_ms()))
    client.CloseNow();
  client.traffic.reply_peak_bytes = std::max(client.traffic.reply_peak_bytes, client.output.pending_bytes());
  if (memory_.on()) [[unlikely]]
    owner_.Sending(client);
  if (!client.close_now() && !client.stream().writing() && !client.output.empty()) SendPending(client);
  client.turn.pushed_bytes = 0;
  // Where CLIENT REPLY OFF leaves nothing to send, there is no reply to close after: the connection stays, as
  // Redis has it. A stream that encrypts may have taken all and have yet to send it.
  bool finished = client.output.empty() && client.close_after_reply() && !client.stream().writing() &&
                  (owed || client.session.reply_mode != client::ReplyMode::kOff);
  if (client.close_now() || finished || OverLimit(client, clock_.unix_ms())) owner_.CloseSent(client);
}

void Outbox::SendPending(Client& client) {
  std::array<net::Slice, kWriteSlices> slices;
  bool full = false;  // the socket took less than it was given
  for (size_t share = Share(client); !client.output.empty();) {
    GiveWay();
    if (client.close_now()) return;
    if (share == 0) {
      client.turn.output_waits = client.turn.flush_queued = true;
      unsent_.push_back(&client);
      return;
    }
    const size_t most = std::min(share, kWriteBytes);
    size_t count = 0, total = 0;
    for (size_t gathered = client.output.Gather(slices); count < gathered && total < most; ++count) {
      slices[count].size = std::min(slices[count].size, most - total);
      total += slices[count].size;
    }
    const std::span<const net::Slice> write(slices.data(), count);
    ++stats_.writes;
    if (full) {
      if (client.turn.input_ended || !client.stream().Write(write)) client.CloseNow();
      return;
    }
    ssize_t written = client.stream().TryWrite(write);
    if (written < 0) {
      client.CloseNow();
      return;
    }
    CountSent(client, static_cast<size_t>(written));
    share -= static_cast<size_t>(written);
    full = static_cast<size_t>(written) < total;
  }
}

// What others pushed in this turn goes as well: a reader that keeps up stays level with whoever writes.
size_t Outbox::Share(const Client& client) const {
  return std::clamp(kTurnSendBytes / sharers_, kLeastSent, kMostSent) + client.turn.pushed_bytes;
}

void Outbox::CountSent(Client& client, size_t bytes) {
  stats_.bytes_out += bytes;
  client.traffic.bytes_out += bytes;
  if (bytes > 0) client.traffic.last_active_ms = clock_.unix_ms();
  client.output.Consume(bytes);
}

bool Outbox::CheckLimit(Client& client, int64_t unix_ms) {
  size_t pending = client.output.pending_bytes();
  const config::BufferLimit& limit =
      settings_.client_output_buffer_limits[static_cast<size_t>(client.kind())];
  bool over = limit.hard_bytes != 0 && pending >= limit.hard_bytes;
  if (pending >= kUnauthenticatedOutputBytes && client::MustAuthenticate(client, settings_)) over = true;
  if (limit.soft_bytes != 0 && pending >= limit.soft_bytes) {
    if (client.traffic.output_soft_limit_since_ms == 0) {
      client.traffic.output_soft_limit_since_ms = unix_ms;
    } else if (unix_ms - client.traffic.output_soft_limit_since_ms > limit.soft_seconds * 1000) {
      over = true;
    }
  } else {
    client.traffic.output_soft_limit_since_ms = 0;
  }
  if (over) {
    static log::Throttle closings("clients that overcame output buffer limits", 10, 5'000);
    if (closings.Allows()) {
      log::Warning("Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
                   client::Describe(client, unix_ms));
    }
    ++stats_.output_buffer_disconnections;
  }
  return over;
}

}  // namespace corral::dispatch
