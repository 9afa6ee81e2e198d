#include "server/dispatch/connections.h"

#include <algorithm>
#include <utility>

#include "server/client/registry.h"
#include "server/config/settings.h"
#include "server/lease/leases.h"
#include "server/pubsub/hub.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"
#include "storage/base/capacity.h"

namespace corral::dispatch {

using client::Client;

Client& Connections::Add(net::Stream::Handle stream, client::ClientOwner& owner, client::ChunkPool& chunks,
                         int64_t unix_ms) {
  const uint64_t id = services_.clients.NextId();
  auto owned = std::make_unique<Client>(id, owner, std::move(stream), chunks, unix_ms);
  Client& client = *owned;
  client.session.authenticated = services_.settings.requirepass.empty();
  client.stream().context = &client;
  clients_.emplace(id, std::move(owned));
  services_.clients.Add(client);
  return client;
}

Client* Connections::Find(uint64_t client_id) {
  auto found = clients_.find(client_id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Connections::FeedMonitors(const std::string& line) {
  for (const auto& [id, client] : clients_) {
    if (!client->session.monitor) continue;
    client->reply.Simple(line);
    client->turn.pushed_bytes += line.size() + 3;
    outbox_.Queue(*client);
  }
}

// --- closing

// Takes the client out of everything that others see: its wait, its leases, the keys that it watches, its
// subscriptions.
void Connections::Retire(Client& client) {
  if (client.blocked()) holds_.EndWait(client, client::WaitEnd::kNone);
  if (client.leader) services_.leases.LeaderGone(static_cast<lease::Leader&>(*client.leader));
  services_.watches.Forget(client);
  services_.pubsub.Leave(client);
}

void Connections::Close(Client& client) {
  batch_.Remove(client);
  outbox_.Remove(client);
  if (client.session.monitor) services_.telemetry.monitors.fetch_sub(1, std::memory_order_relaxed);
  Retire(client);
  services_.tracking.Forget(client);
  services_.clients.Remove(client);
  if (client.pending_input.capacity() + client.reader.detached_capacity() >= storage::LazyFree::kSlowBytes) {
    services_.lazy_free.Submit(
        std::make_unique<client::InputGarbage>(std::move(client.pending_input), std::move(client.reader)));
  }
  clients_.erase(client.id);
}

void Connections::CloseInTurn(Client& client) {
  if (client.turn.ended) return;
  if (closes_left_ > 0) {
    --closes_left_;
    return Close(client);
  }
  client.CloseNow();
  client.stream().StopReading();
  Retire(client);
  client.turn.ended = true;
  ended_.push_back(client.id);
}

void Connections::CloseEnded() {
  const size_t count = std::min(ended_.size(), static_cast<size_t>(closes_left_));
  for (size_t i = 0; i < count; ++i) {
    if (Client* client = Find(ended_[i])) Close(*client);
  }
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<ptrdiff_t>(count));
  storage::GiveBack(ended_);
  closes_left_ = kTurnCloses;
}

void Connections::CloseAll() {
  while (!clients_.empty()) Close(*clients_.begin()->second);
}

// --- rounds

void Connections::BeginRound(Chores& chores, int64_t unix_ms) {
  if (round_at_ < clients_.bucket_count()) return;
  round_at_ = 0;
  chores.BeginRound(unix_ms);
}

void Connections::CheckSome(Chores& chores, int64_t unix_ms) {
  if (round_at_ >= clients_.bucket_count()) [[likely]]
    return;
  std::vector<Client*> closing;
  for (int left = kTurnChecks; left > 0 && round_at_ < clients_.bucket_count(); ++round_at_, --left) {
    for (auto at = clients_.begin(round_at_); at != clients_.end(round_at_); ++at, --left) {
      Client& client = *at->second;
      const bool idle = chores.Inspect(client, unix_ms);
      if (idle || client.close_now() || outbox_.OverLimit(client, unix_ms)) closing.push_back(&client);
    }
  }
  if (round_at_ >= clients_.bucket_count()) round_at_ = kNoRound;
  for (Client* client : closing) CloseInTurn(*client);
}

}  // namespace corral::dispatch
