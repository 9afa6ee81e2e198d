// Who tracks: the connections that use CLIENT TRACKING, by number and by prefix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/client/client.h"
#include "storage/base/sharing.h"

namespace corral::tracking {

// What CLIENT TRACKING ON asks for.
struct Wish {
  bool broadcast = false, opt_in = false, opt_out = false, no_loop = false;
  uint64_t redirect_id = 0;
  client::ClientOwner* redirect_owner = nullptr;
  std::vector<std::string_view> prefixes = {};
};

// What other connections' workers have to know of a connection in order to tell it that a key is stale.
struct Tracker {
  uint64_t client_id;
  client::ClientOwner* owner;
  uint64_t redirect_id;  // 0: none
  client::ClientOwner* redirect_owner;
  bool no_loop;
  bool by_key;  // tracks, and by the keys that it reads
  bool on;

  client::ClientOwner& target_owner() const { return redirect_id != 0 ? *redirect_owner : *owner; }
};

// A connection has its number from its first CLIENT TRACKING ON until it closes; numbers are not used again.
// One lock for all of it, taken last, which those that look something up share. Counters are read without.
class Trackers {
 public:
  explicit Trackers(bool concurrent) : mutex_(concurrent) {}

  // These three on the thread of the client's worker; they keep the client's TrackingMode as well.
  void Enable(client::Client& client, const Wish& wish);
  // No effect when tracking is off. The number stays.
  void Disable(client::Client& client);
  void Remove(client::Client& client);

  // Any thread.
  uint64_t broadcasting() const { return broadcasting_.value(); }  // connections that track by prefix
  uint64_t tracking() const { return tracking_.value(); }          // connections that track
  uint64_t departures() const { return departures_.value(); }      // numbers that are gone

  // What follows is asked while the result of Read lives, or with the gate held as writer.
  std::shared_lock<storage::SharedMutex> Read() const { return std::shared_lock(mutex_); }
  // Null when the connection is gone.
  const Tracker* Find(uint32_t number) const;
  // Visits every tracker for which tracking is on.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const auto& [number, tracker] : trackers_) {
      if (tracker.on) visit(tracker);
    }
  }
  // Visits each prefix that somebody tracks and that `key` begins with, the shortest first.
  template <class Visit>
  void ForEachPrefixOf(std::string_view key, Visit visit) const {
    for (const auto& [length, count] : prefix_lengths_) {
      if (length > key.size()) break;
      const auto prefix = prefixes_.find(key.substr(0, length));
      if (prefix != prefixes_.end()) visit(prefix->first);
    }
  }
  // Visits those that track the prefix.
  template <class Visit>
  void ForEachOn(std::string_view prefix, Visit visit) const {
    const auto found = prefixes_.find(prefix);
    if (found == prefixes_.end()) return;
    for (uint32_t number : found->second) visit(trackers_.at(number));
  }
  size_t prefixes() const { return prefixes_.size(); }

 private:
  void AddPrefix(client::TrackingMode& mode, std::string_view prefix);
  void RemovePrefixes(client::TrackingMode& mode);

  storage::SharedCounter broadcasting_, tracking_, departures_;
  mutable storage::SharedMutex mutex_;  // of what follows
  uint32_t last_number_ = 0;
  std::unordered_map<uint32_t, Tracker> trackers_;
  std::map<std::string, std::vector<uint32_t>, std::less<>> prefixes_;
  std::map<size_t, size_t> prefix_lengths_;  // how many prefixes have which length
};

}  // namespace corral::tracking
