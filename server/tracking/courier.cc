#include "server/tracking/courier.h"

#include <span>
#include <utility>

#include "storage/base/capacity.h"

namespace corral::tracking {
namespace {

using client::Client;
using client::ClientOwner;

// Receivers from which on a message is referenced and not copied.
constexpr size_t kManyReceivers = 4;

// The connection whose invalidations go to another one that is gone is told so, on its own thread.
void SayRedirectBroken(ClientOwner& here, const Tracker& tracker) {
  const auto say = [](ClientOwner& owner, uint64_t client_id, uint64_t redirect_id) {
    Client* client = owner.Find(client_id);
    if (client == nullptr || client->tracking == nullptr || client->tracking->redirect_id != redirect_id)
      return;
    client->tracking->broken_redirect = true;
    if (client->version() == protocol::Version::kResp3)
      owner.Push(*client, {.head = RedirectBroken(redirect_id)});
  };
  if (tracker.owner == &here) return say(here, tracker.client_id, tracker.redirect_id);
  tracker.owner->Post([say, tracker] { say(*tracker.owner, tracker.client_id, tracker.redirect_id); });
}

// On the thread of the connection that gets it.
void Deliver(ClientOwner& here, const Tracker& tracker, Invalidation& message, bool common) {
  const bool redirected = tracker.redirect_id != 0;
  Client* client = here.Find(redirected ? tracker.redirect_id : tracker.client_id);
  if (client == nullptr) {
    if (redirected) SayRedirectBroken(here, tracker);
    return;
  }
  // RESP2 has no pushes: it gets messages of a channel, if it waits for messages at all.
  const bool resp3 = client->version() == protocol::Version::kResp3;
  if (resp3 || (redirected && client->subscriptions != nullptr))
    here.Push(*client, message.For(resp3, common));
}

void DeliverAll(ClientOwner& here, std::span<const Tracker> trackers, Invalidation& message) {
  for (const Tracker& tracker : trackers) Deliver(here, tracker, message, trackers.size() >= kManyReceivers);
}

}  // namespace

Courier::Courier(size_t workers) : receivers_(workers) {
  for (Receivers& receivers : receivers_) receivers.remote.resize(workers);
}

void Courier::Address(const ClientOwner& here, const Tracker& tracker) {
  Receivers& receivers = receivers_[here.worker_index];
  const ClientOwner& owner = tracker.target_owner();
  (&owner == &here ? receivers.local : receivers.remote[owner.worker_index]).push_back(tracker);
}

void Courier::Send(ClientOwner& here, const Invalidation& message) {
  Receivers& receivers = receivers_[here.worker_index];
  if (!receivers.local.empty()) {
    Invalidation sent = message;
    DeliverAll(here, receivers.local, sent);
    receivers.local.clear();
    storage::GiveBack(receivers.local);
  }
  for (auto& trackers : receivers.remote) {
    if (trackers.empty()) continue;
    ClientOwner& owner = trackers.front().target_owner();
    // The message, its two forms, and what is written to each connection.
    const size_t bytes =
        3 * message.size_bytes() + trackers.size() * (sizeof(Tracker) + message.size_bytes());
    owner.PostMessages(
        [&owner, sent = message, trackers = std::exchange(trackers, {})]() mutable {
          DeliverAll(owner, trackers, sent);
        },
        bytes);
  }
}

}  // namespace corral::tracking
