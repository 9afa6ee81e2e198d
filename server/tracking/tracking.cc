// What was read, and what happens when it changes.
#include "server/tracking/tracking.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace corral::tracking {
namespace {

using client::Client;
using client::ClientOwner;
using client::TrackingMode;

// Keys over the limit that one turn gives up.
constexpr int kEvictedPerTurn = 4096;
// Buckets that one call of Sweep visits: some 100 us.
constexpr size_t kSweptBuckets = 4096;

struct TableGarbage final : storage::Garbage {
  size_t objects() const override {
    size_t keys = 0;
    for (const KeyTable& table : tables) keys += table.keys();
    return keys;
  }
  std::vector<KeyTable> tables;
};

}  // namespace

Tracking::Tracking(storage::Keyspace& keyspace, storage::LazyFree& lazy_free,
                   const config::Settings& settings, size_t workers, uint64_t seed)
    : keyspace_(keyspace),
      lazy_free_(lazy_free),
      settings_(settings),
      concurrent_(workers > 1),
      trackers_(concurrent_),
      courier_(workers),
      parts_(keyspace.shard_count()),
      turns_(workers) {
  for (Turn& turn : turns_) turn.random = storage::Random(seed++);
}

// --- what was read, and what changed

void Tracking::Remember(Client& client, const storage::Key& key) {
  KeyTable& table = PartOf(key.hash).keys;
  const size_t before = table.keys();
  table.Add(key.name, TableHash(key.hash), client.tracking->number);
  if (table.keys() != before) keys_.Add(1, concurrent_);
}

void Tracking::KeyChanged(ClientOwner& here, Client* running, const storage::Key& key) {
  if (trackers_.broadcasting() != 0) NoteChange(here, running, key.name);
  TellReaders(here, running, key);
}

void Tracking::KeyRemoved(ClientOwner& here, Client* running, const storage::Key& key) {
  if (trackers_.broadcasting() != 0) NoteChange(here, nullptr, key.name);
  TellReaders(here, running, key);
}

void Tracking::TellReaders(ClientOwner& here, Client* running, const storage::Key& key) {
  if (keys_.value() == 0) return;
  const OwnedKey taken = PartOf(key.hash).keys.Take(key.name, TableHash(key.hash));
  if (taken == nullptr) return;
  keys_.Add(-1, concurrent_);
  Tell(here, running, *taken, taken->numbers());
}

void Tracking::Tell(ClientOwner& here, Client* running, const TrackedKey& key,
                    std::span<const uint32_t> numbers) {
  bool anybody = false;
  {
    const auto reading = trackers_.Read();
    for (uint32_t number : numbers) {
      const Tracker* tracker = trackers_.Find(number);
      // What it read before it went over to prefixes counts no more.
      if (tracker == nullptr || !tracker->by_key) continue;
      if (running != nullptr && tracker->client_id == running->id) {
        if (!tracker->no_loop) running->tracking->own_changes.push_back({.key = std::string(key.name())});
        continue;
      }
      courier_.Address(here, *tracker);
      anybody = true;
    }
  }
  if (!anybody) return;
  const std::string_view names[] = {key.name()};
  courier_.Send(here, Invalidation(names));
}

void Tracking::EverythingChanged(ClientOwner& here, Client* running) {
  trackers_.ForEach([&](const Tracker& tracker) {
    if (running != nullptr && tracker.client_id == running->id) {
      running->tracking->own_changes.push_back({.everything = true});
    } else {
      courier_.Address(here, tracker);
    }
  });
  courier_.Send(here, Invalidation());
  auto garbage = std::make_unique<TableGarbage>();
  for (Part& part : parts_) {
    if (part.keys.keys() != 0) garbage->tables.push_back(std::move(part.keys));
  }
  keys_.Clear();
  if (!garbage->tables.empty()) lazy_free_.Submit(std::move(garbage));
}

void Tracking::SendOwn(Client& client) {
  TrackingMode& mode = *client.tracking;
  const std::vector<client::OwnChange> changes = std::exchange(mode.own_changes, {});
  if (!mode.on) return;
  const Tracker itself{client.id, &client.owner(), mode.redirect_id, mode.redirect_owner, mode.no_loop, true,
                       true};
  for (const client::OwnChange& change : changes) {
    courier_.Address(client.owner(), itself);
    const std::string_view names[] = {change.key};
    courier_.Send(client.owner(), change.everything ? Invalidation() : Invalidation(names));
  }
}

// --- broadcast

void Tracking::NoteChange(ClientOwner& here, Client* writer, std::string_view key) {
  Turn& turn = turns_[here.worker_index];
  const uint64_t writer_id = writer != nullptr ? writer->id : 0;
  const auto reading = trackers_.Read();
  trackers_.ForEachPrefixOf(key, [&](const std::string& prefix) {
    if (writer != nullptr) writer->turn.sent_messages = true;  // at the end of the turn
    auto [change, first] = turn.changes[prefix].try_emplace(std::string(key), writer_id);
    if (!first && change->second != writer_id) change->second = 0;
  });
}

void Tracking::SendChanges(ClientOwner& here, const std::string& prefix, const Changes& changes) {
  std::vector<std::string_view> names;
  for (const auto& [key, writer] : changes) names.push_back(key);
  std::vector<Tracker> without_own;
  {
    const auto reading = trackers_.Read();
    trackers_.ForEachOn(prefix, [&](const Tracker& tracker) {
      const bool wrote = tracker.no_loop &&
                         std::any_of(changes.begin(), changes.end(),
                                     [&](const auto& change) { return change.second == tracker.client_id; });
      if (wrote) {
        without_own.push_back(tracker);
      } else {
        courier_.Address(here, tracker);
      }
    });
  }
  courier_.Send(here, Invalidation(names));
  for (const Tracker& tracker : without_own) {
    names.clear();
    for (const auto& [key, writer] : changes) {
      if (writer != tracker.client_id) names.push_back(key);
    }
    if (names.empty()) continue;
    courier_.Address(here, tracker);
    courier_.Send(here, Invalidation(names));
  }
}

void Tracking::EndTurn(ClientOwner& here) {
  Turn& turn = turns_[here.worker_index];
  if (!turn.changes.empty()) [[unlikely]] {
    const auto changes = std::exchange(turn.changes, {});
    for (const auto& [prefix, changed] : changes) SendChanges(here, prefix, changed);
  }
  const uint64_t limit = settings_.tracking_table_max_keys;
  if (limit != 0 && keys_.value() > limit) [[unlikely]]
    KeepLimit(here);
}

// --- bounds

// Keys that are given up count as stale: their connections cannot be told about later changes.
void Tracking::KeepLimit(ClientOwner& here) {
  storage::Random& random = turns_[here.worker_index].random;
  int tries = kEvictedPerTurn;
  while (tries-- > 0 && keys_.value() > settings_.tracking_table_max_keys) {
    const auto shard = static_cast<uint32_t>(random.Below(parts_.size()));
    keyspace_.Lock(shard);
    if (const OwnedKey taken = parts_[shard].keys.TakeAny(random.Next())) {
      keys_.Add(-1, concurrent_);
      Tell(here, nullptr, *taken, taken->numbers());
    }
    keyspace_.Unlock(shard);
  }
  // The limit was lowered by more than a turn gives up: the next turn comes at once, though nobody sends.
  if (keys_.value() > settings_.tracking_table_max_keys) here.Post([] {});
}

void Tracking::Sweep() {
  const uint64_t departures = trackers_.departures();
  if (departures == swept_departures_ || keys_.value() == 0) return;
  if (sweep_part_ == 0 && sweep_at_ == 0) sweeping_departures_ = departures;
  size_t left = kSweptBuckets;
  while (left > 0) {
    keyspace_.Lock(sweep_part_);
    KeyTable& table = parts_[sweep_part_].keys;
    const size_t before = table.keys();
    size_t visited;
    {
      const auto reading = trackers_.Read();
      visited = table.Sweep(&sweep_at_, left,
                            [this](uint32_t number) { return trackers_.Find(number) == nullptr; });
    }
    if (table.keys() != before)
      keys_.Add(static_cast<int64_t>(table.keys()) - static_cast<int64_t>(before), concurrent_);
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
  Figures sum{.clients = trackers_.tracking(), .prefixes = trackers_.prefixes()};
  for (const Part& part : parts_) {
    sum.keys += part.keys.keys();
    sum.items += part.keys.items();
  }
  return sum;
}

}  // namespace corral::tracking
