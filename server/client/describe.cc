// A client as one line of text, for CLIENT LIST and CLIENT INFO.
#include <fmt/format.h>

#include <algorithm>

#include "server/client/client.h"
#include "server/command/table.h"
#include "server/net/stream.h"

namespace corral::client {
namespace {

std::string Flags(const Client& client) {
  std::string flags;
  if (client.session.monitor) flags += 'O';
  if (client.kind() == KindOfClient::kPubsub) flags += 'P';
  if (client.transaction) flags += 'x';
  if (client.blocked() || client.turn.paused) flags += 'b';
  if (client.tracking && client.tracking->on) {
    flags += 't';
    if (client.tracking->broken_redirect) flags += 'R';
    if (client.tracking->broadcast) flags += 'B';
  }
  if (client.watching && client.watching->touched.load(std::memory_order_relaxed)) flags += 'd';
  if (client.close_after_reply()) flags += 'c';
  if (client.close_now()) flags += 'A';
  if (client.stream().transport() == net::Transport::kUnix) flags += 'U';
  if (client.session.no_evict) flags += 'e';
  if (client.session.no_touch) flags += 'T';
  if (flags.empty()) flags += 'N';
  return flags;
}

}  // namespace

std::string Describe(const Client& client, int64_t now_ms, RunningRequest running) {
  const net::Stream& stream = client.stream();
  const size_t buffer_bytes = client.output.allocated_bytes();
  const size_t pieces = client.output.pieces();
  const protocol::RequestReader::Progress request = client.reader.progress();
  std::string line = fmt::format("id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={}",
                                 client.id, stream.PeerAddress(), stream.LocalAddress(), stream.descriptor(),
                                 client.session.name, std::max<int64_t>(0, now_ms - client.created_ms) / 1000,
                                 std::max<int64_t>(0, now_ms - client.traffic.last_active_ms) / 1000,
                                 Flags(client), client.session.database);
  static const Subscriptions kNone;
  const Subscriptions& subscriptions = client.subscriptions ? *client.subscriptions : kNone;
  line += fmt::format(
      " sub={} psub={} ssub={} multi={} watch={}", subscriptions.of(TopicKind::kChannel).size(),
      subscriptions.of(TopicKind::kPattern).size(), subscriptions.of(TopicKind::kShardChannel).size(),
      client.transaction ? static_cast<int64_t>(client.transaction->queue.size()) : -1,
      client.watching ? client.watching->keys : 0);
  line += fmt::format(
      " qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} oll={} omem={} tot-mem={} events={}",
      client.pending_input.size() - request.parsed_bytes + request.arriving_bytes + running.bytes,
      client.pending_input.capacity() - client.pending_input.size(),
      request.argument_bytes + running.argument_bytes,
      client.transaction ? client.transaction->queue.allocated_bytes() : 0, buffer_bytes,
      client.traffic.reply_peak_bytes, client.output.pending_bytes(), pieces > 0 ? pieces - 1 : 0,
      buffer_bytes, client.MemoryBytes() + running.bytes, stream.writing() ? "rw" : "r");
  line += fmt::format(
      " cmd={} user={} redir={} resp={} lib-name={} lib-ver={}",
      client.last_command != nullptr ? client.last_command->name : "NULL", client.session.user,
      client.tracking && client.tracking->on ? static_cast<int64_t>(client.tracking->redirect_id) : -1,
      static_cast<int>(client.version()), client.library_name, client.library_version);
  return line;
}

}  // namespace corral::client
