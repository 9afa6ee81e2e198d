// When the waits of a worker's blocked clients end by themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "server/client/client.h"

namespace corral::dispatch {

// In order of time: O(log n) to add and to forget. Every client in it is blocked and has the deadline under
// which it is kept. The worker's thread.
class Deadlines {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  // No effect for a client without a deadline.
  void Add(const client::Client& client) {
    if (client.wait_deadline_ms() != 0) waits_.emplace(client.wait_deadline_ms(), client.id);
  }
  // Before the client's wait ends for another reason.
  void Forget(const client::Client& client) {
    if (client.wait_deadline_ms() != 0) waits_.erase({client.wait_deadline_ms(), client.id});
  }
  // The id of the client whose deadline is the earliest, if that has come; it is forgotten.
  std::optional<uint64_t> TakeDue(int64_t monotonic_ms) {
    if (next_ms() > monotonic_ms) return std::nullopt;
    return waits_.extract(waits_.begin()).value().second;
  }
  // Monotonic ms, or kNever.
  int64_t next_ms() const { return waits_.empty() ? kNever : waits_.begin()->first; }
  size_t size() const { return waits_.size(); }

 private:
  std::set<std::pair<int64_t, uint64_t>> waits_;  // deadline in monotonic ms, client
};

}  // namespace corral::dispatch
