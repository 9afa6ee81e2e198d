// Who tracks, what was read, and what happens when it changes.
#include "server/tracking/tracking.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace corral::tracking {
namespace {

using client::Client;
using client::ClientOwner;
using client::TrackingMode;

// Receivers from which on a message is referenced and not copied.
constexpr size_t kManyReceivers = 4;
// Keys over the limit that one turn gives up.
constexpr int kEvictedPerTurn = 4096;
// Buckets that one call of Sweep visits: some 100 us.
constexpr size_t kSweptBuckets = 4096;
// What a prefix of a connection costs beside its bytes, in the connection's set and in the registry.
constexpr size_t kPrefixBytes = 2 * sizeof(std::string) + 64;

struct TableGarbage final : storage::Garbage {
  size_t objects() const override {
    size_t keys = 0;
    for (const KeyTable& table : tables) keys += table.keys();
    return keys;
  }
  std::vector<KeyTable> tables;
};

}  // namespace

class Tracking::Reading {
 public:
  explicit Reading(const Tracking& tracking) : lock_(tracking.mutex_, std::defer_lock) {
    if (tracking.concurrent_) lock_.lock();
  }

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

class Tracking::Changing {
 public:
  explicit Changing(const Tracking& tracking) : lock_(tracking.mutex_, std::defer_lock) {
    if (tracking.concurrent_) lock_.lock();
  }

 private:
  std::unique_lock<std::shared_mutex> lock_;
};

Tracking::Tracking(storage::Keyspace& keyspace, storage::LazyFree& lazy_free,
                   const config::Settings& settings, size_t workers, uint64_t seed)
    : keyspace_(keyspace),
      lazy_free_(lazy_free),
      settings_(settings),
      concurrent_(workers > 1),
      parts_(keyspace.shard_count()),
      outgoing_(workers) {
  for (Outgoing& outgoing : outgoing_) {
    outgoing.remote.resize(workers);
    outgoing.random = storage::Random(seed++);
  }
}

void Tracking::CountKeys(ptrdiff_t change) {
  if (concurrent_) {
    keys_.fetch_add(static_cast<uint64_t>(change), std::memory_order_relaxed);
  } else {
    keys_.store(keys_.load(std::memory_order_relaxed) + static_cast<uint64_t>(change),
                std::memory_order_relaxed);
  }
}

// --- who tracks

void Tracking::Enable(Client& client, const Wish& wish) {
  Changing lock(*this);
  if (client.tracking == nullptr) {
    client.tracking = std::make_unique<TrackingMode>();
    client.tracking->number = ++last_number_;
  }
  TrackingMode& mode = *client.tracking;
  if (!mode.on) clients_.fetch_add(1, std::memory_order_relaxed);
  if (!mode.on && wish.broadcast) broadcast_clients_.fetch_add(1, std::memory_order_relaxed);
  mode.on = true;
  mode.broadcast = wish.broadcast;
  mode.opt_in = wish.opt_in;
  mode.opt_out = wish.opt_out;
  mode.no_loop = wish.no_loop;
  mode.broken_redirect = false;
  mode.redirect_id = wish.redirect_id;
  mode.redirect_owner = wish.redirect_owner;
  trackers_[mode.number] = {
      client.id, &client.owner(), mode.redirect_id, mode.redirect_owner, mode.no_loop, !mode.broadcast, true};
  if (!wish.broadcast) return;
  const auto add = [&](std::string_view prefix) {
    if (!mode.prefixes.emplace(prefix).second) return;
    mode.prefix_bytes += kPrefixBytes + prefix.size();
    auto& numbers = prefixes_[std::string(prefix)];
    if (numbers.empty()) ++prefix_lengths_[prefix.size()];
    numbers.push_back(mode.number);
  };
  if (wish.prefixes.empty()) add("");
  for (std::string_view prefix : wish.prefixes) add(prefix);
}

void Tracking::RemovePrefixes(TrackingMode& mode) {
  for (const std::string& prefix : mode.prefixes) {
    auto found = prefixes_.find(prefix);
    std::erase(found->second, mode.number);
    if (!found->second.empty()) continue;
    prefixes_.erase(found);
    auto length = prefix_lengths_.find(prefix.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
  }
  mode.prefixes.clear();
  mode.prefix_bytes = 0;
}

void Tracking::Disable(Client& client) {
  if (client.tracking == nullptr || !client.tracking->on) return;
  TrackingMode& mode = *client.tracking;
  Changing lock(*this);
  Tracker& tracker = trackers_.at(mode.number);
  tracker.by_key = tracker.on = false;
  RemovePrefixes(mode);
  clients_.fetch_sub(1, std::memory_order_relaxed);
  if (mode.broadcast) broadcast_clients_.fetch_sub(1, std::memory_order_relaxed);
  const uint32_t number = mode.number;
  mode = {};
  mode.number = number;
}

void Tracking::Forget(Client& client) {
  if (client.tracking == nullptr) return;
  Disable(client);
  Changing lock(*this);
  trackers_.erase(client.tracking->number);
  departures_.fetch_add(1, std::memory_order_relaxed);
}

// --- what was read, and what changed

void Tracking::Remember(Client& client, const storage::Key& key) {
  KeyTable& table = PartOf(key.hash).keys;
  const size_t before = table.keys();
  table.Add(key.name, TableHash(key.hash), client.tracking->number);
  if (table.keys() != before) CountKeys(1);
}

void Tracking::KeyChanged(ClientOwner& here, Client* running, const storage::Key& key) {
  if (broadcast_clients_.load(std::memory_order_relaxed) != 0) NoteChange(here, running, key.name);
  TellReaders(here, running, key);
}

void Tracking::KeyRemoved(ClientOwner& here, Client* running, const storage::Key& key) {
  if (broadcast_clients_.load(std::memory_order_relaxed) != 0) NoteChange(here, nullptr, key.name);
  TellReaders(here, running, key);
}

void Tracking::TellReaders(ClientOwner& here, Client* running, const storage::Key& key) {
  if (keys_.load(std::memory_order_relaxed) == 0) return;
  const OwnedKey taken = PartOf(key.hash).keys.Take(key.name, TableHash(key.hash));
  if (taken == nullptr) return;
  CountKeys(-1);
  Tell(here, running, *taken, taken->numbers());
}

void Tracking::Tell(ClientOwner& here, Client* running, const TrackedKey& key,
                    std::span<const uint32_t> numbers) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  bool anybody = false;
  {
    Reading lock(*this);
    for (uint32_t number : numbers) {
      auto found = trackers_.find(number);
      // What it read before it went over to prefixes counts no more.
      if (found == trackers_.end() || !found->second.by_key) continue;
      const Tracker& tracker = found->second;
      if (running != nullptr && tracker.client_id == running->id) {
        if (!tracker.no_loop) running->tracking->own_changes.push_back({.key = std::string(key.name())});
        continue;
      }
      Address(outgoing, here, tracker);
      anybody = true;
    }
  }
  if (!anybody) return;
  const std::string_view names[] = {key.name()};
  Send(here, Invalidation(names));
}

void Tracking::EverythingChanged(ClientOwner& here, Client* running) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  for (const auto& [number, tracker] : trackers_) {
    if (!tracker.on) continue;
    if (running != nullptr && tracker.client_id == running->id) {
      running->tracking->own_changes.push_back({.everything = true});
    } else {
      Address(outgoing, here, tracker);
    }
  }
  Send(here, Invalidation());
  auto garbage = std::make_unique<TableGarbage>();
  for (Part& part : parts_) {
    if (part.keys.keys() != 0) garbage->tables.push_back(std::move(part.keys));
  }
  keys_.store(0, std::memory_order_relaxed);
  if (!garbage->tables.empty()) lazy_free_.Submit(std::move(garbage));
}

// --- telling

void Tracking::Address(Outgoing& outgoing, const ClientOwner& here, const Tracker& tracker) {
  const ClientOwner& owner = tracker.target_owner();
  (&owner == &here ? outgoing.local : outgoing.remote[owner.worker_index]).push_back(tracker);
}

void Tracking::Send(ClientOwner& here, const Invalidation& message) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  if (!outgoing.local.empty()) {
    Invalidation sent = message;
    for (const Tracker& tracker : outgoing.local)
      Deliver(here, tracker, sent, outgoing.local.size() >= kManyReceivers);
    outgoing.local.clear();
  }
  if (!concurrent_) return;
  for (auto& trackers : outgoing.remote) {
    if (trackers.empty()) continue;
    ClientOwner& owner = trackers.front().target_owner();
    // The message, its two forms, and what is written to each connection.
    const size_t bytes =
        3 * message.size_bytes() + trackers.size() * (sizeof(Tracker) + message.size_bytes());
    owner.PostMessages(
        [this, &owner, sent = message, trackers = std::exchange(trackers, {})]() mutable {
          for (const Tracker& tracker : trackers)
            Deliver(owner, tracker, sent, trackers.size() >= kManyReceivers);
        },
        bytes);
  }
}

void Tracking::Deliver(ClientOwner& here, const Tracker& tracker, Invalidation& message, bool common) {
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

void Tracking::SayRedirectBroken(ClientOwner& here, const Tracker& tracker) {
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

void Tracking::SendOwn(Client& client) {
  TrackingMode& mode = *client.tracking;
  const std::vector<client::OwnChange> changes = std::exchange(mode.own_changes, {});
  if (!mode.on) return;
  Outgoing& outgoing = outgoing_[client.owner().worker_index];
  for (const client::OwnChange& change : changes) {
    Address(outgoing, client.owner(),
            {client.id, &client.owner(), mode.redirect_id, mode.redirect_owner, mode.no_loop, true, true});
    const std::string_view names[] = {change.key};
    Send(client.owner(), change.everything ? Invalidation() : Invalidation(names));
  }
}

// --- broadcast

void Tracking::NoteChange(ClientOwner& here, const Client* writer, std::string_view key) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  const uint64_t writer_id = writer != nullptr ? writer->id : 0;
  Reading lock(*this);
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    auto prefix = prefixes_.find(key.substr(0, length));
    if (prefix == prefixes_.end()) continue;
    auto [change, first] = outgoing.changes[prefix->first].try_emplace(std::string(key), writer_id);
    if (!first && change->second != writer_id) change->second = 0;
  }
}

void Tracking::SendChanges(ClientOwner& here, const std::string& prefix, const Changes& changes) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  std::vector<std::string_view> names;
  for (const auto& [key, writer] : changes) names.push_back(key);
  std::vector<Tracker> without_own;
  {
    Reading lock(*this);
    auto found = prefixes_.find(prefix);
    if (found == prefixes_.end()) return;
    for (uint32_t number : found->second) {
      const Tracker& tracker = trackers_.at(number);
      const bool wrote = tracker.no_loop &&
                         std::any_of(changes.begin(), changes.end(),
                                     [&](const auto& change) { return change.second == tracker.client_id; });
      if (wrote) {
        without_own.push_back(tracker);
      } else {
        Address(outgoing, here, tracker);
      }
    }
  }
  Send(here, Invalidation(names));
  for (const Tracker& tracker : without_own) {
    names.clear();
    for (const auto& [key, writer] : changes) {
      if (writer != tracker.client_id) names.push_back(key);
    }
    if (names.empty()) continue;
    Address(outgoing, here, tracker);
    Send(here, Invalidation(names));
  }
}

void Tracking::EndTurn(ClientOwner& here) {
  Outgoing& outgoing = outgoing_[here.worker_index];
  if (!outgoing.changes.empty()) [[unlikely]] {
    const auto changes = std::exchange(outgoing.changes, {});
    for (const auto& [prefix, changed] : changes) SendChanges(here, prefix, changed);
  }
  const uint64_t limit = settings_.tracking_table_max_keys;
  if (limit != 0 && keys_.load(std::memory_order_relaxed) > limit) [[unlikely]]
    KeepLimit(here);
}

// --- bounds

// Keys that are given up count as stale: their connections cannot be told about later changes.
void Tracking::KeepLimit(ClientOwner& here) {
  storage::Random& random = outgoing_[here.worker_index].random;
  int tries = kEvictedPerTurn;
  while (tries-- > 0 && keys_.load(std::memory_order_relaxed) > settings_.tracking_table_max_keys) {
    const auto shard = static_cast<uint32_t>(random.Below(parts_.size()));
    keyspace_.Lock(shard);
    if (const OwnedKey taken = parts_[shard].keys.TakeAny(random.Next())) {
      CountKeys(-1);
      Tell(here, nullptr, *taken, taken->numbers());
    }
    keyspace_.Unlock(shard);
  }
  // The limit was lowered by more than a turn gives up: the next turn comes at once, though nobody sends.
  if (keys_.load(std::memory_order_relaxed) > settings_.tracking_table_max_keys) here.Post([] {});
}

void Tracking::Sweep() {
  const uint64_t departures = departures_.load(std::memory_order_relaxed);
  if (departures == swept_departures_ || keys_.load(std::memory_order_relaxed) == 0) return;
  if (sweep_part_ == 0 && sweep_at_ == 0) sweeping_departures_ = departures;
  size_t left = kSweptBuckets;
  while (left > 0) {
    keyspace_.Lock(sweep_part_);
    KeyTable& table = parts_[sweep_part_].keys;
    const size_t before = table.keys();
    size_t visited;
    {
      Reading lock(*this);
      visited =
          table.Sweep(&sweep_at_, left, [this](uint32_t number) { return !trackers_.contains(number); });
    }
    if (table.keys() != before)
      CountKeys(static_cast<ptrdiff_t>(table.keys()) - static_cast<ptrdiff_t>(before));
    keyspace_.Unlock(sweep_part_);
    if (sweep_at_ < KeyTable::kSweepEnd) return;
    left -= std::min(left, visited);
    sweep_at_ = 0;
    if (++sweep_part_ < parts_.size()) continue;
    sweep_part_ = 0;
    swept_departures_ = sweeping_departures_;
    return;
  }
}

Figures Tracking::figures() const {
  Figures sum{.clients = clients_.load(std::memory_order_relaxed), .prefixes = prefixes_.size()};
  for (const Part& part : parts_) {
    sum.keys += part.keys.keys();
    sum.items += part.keys.items();
  }
  return sum;
}

}  // namespace corral::tracking
