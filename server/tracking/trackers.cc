#include "server/tracking/trackers.h"

#include <memory>

namespace corral::tracking {
namespace {

using client::Client;
using client::TrackingMode;

// What a prefix of a connection costs beside its bytes, in the connection's set and here.
constexpr size_t kPrefixBytes = 2 * sizeof(std::string) + 64;

}  // namespace

// Counters change under the lock: no addition of theirs has to be atomic.

void Trackers::Enable(Client& client, const Wish& wish) {
  std::lock_guard changing(mutex_);
  if (client.tracking == nullptr) {
    client.tracking = std::make_unique<TrackingMode>();
    client.tracking->number = ++last_number_;
  }
  TrackingMode& mode = *client.tracking;
  if (!mode.on) tracking_.Add(1, false);
  if (!mode.on && wish.broadcast) broadcasting_.Add(1, false);
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
  if (wish.prefixes.empty()) AddPrefix(mode, "");
  for (std::string_view prefix : wish.prefixes) AddPrefix(mode, prefix);
}

void Trackers::AddPrefix(TrackingMode& mode, std::string_view prefix) {
  if (!mode.prefixes.emplace(prefix).second) return;
  mode.prefix_bytes += kPrefixBytes + prefix.size();
  auto& numbers = prefixes_[std::string(prefix)];
  if (numbers.empty()) ++prefix_lengths_[prefix.size()];
  numbers.push_back(mode.number);
}

void Trackers::RemovePrefixes(TrackingMode& mode) {
  for (const std::string& prefix : mode.prefixes) {
    auto found = prefixes_.find(prefix);
    std::erase(found->second, mode.number);
    if (!found->second.empty()) continue;
    prefixes_.erase(found);
    auto length = prefix_lengths_.find(prefix.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
  }
}

void Trackers::Disable(Client& client) {
  if (client.tracking == nullptr || !client.tracking->on) return;
  TrackingMode& mode = *client.tracking;
  std::lock_guard changing(mutex_);
  Tracker& tracker = trackers_.at(mode.number);
  tracker.by_key = tracker.on = false;
  RemovePrefixes(mode);
  tracking_.Add(-1, false);
  if (mode.broadcast) broadcasting_.Add(-1, false);
  const uint32_t number = mode.number;
  mode = {};
  mode.number = number;
}

void Trackers::Remove(Client& client) {
  if (client.tracking == nullptr) return;
  Disable(client);
  std::lock_guard changing(mutex_);
  trackers_.erase(client.tracking->number);
  departures_.Add(1, false);
}

const Tracker* Trackers::Find(uint32_t number) const {
  const auto found = trackers_.find(number);
  return found == trackers_.end() ? nullptr : &found->second;
}

}  // namespace corral::tracking
