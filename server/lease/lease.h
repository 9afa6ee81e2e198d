// One lease and the one who leads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/client/attachment.h"
#include "server/lease/leaf_lock.h"
#include "server/lease/waiter.h"

namespace corral::lease {

// The right to fetch a key, or the back-off after a fetch that failed. Owned by the lock of the key's shard.
//
// Invariants: with a token there is no back-off; without one nobody waits. In `due` of its shard exactly
// while somebody waits or watches.
struct Lease {
  int database = 0;
  uint32_t shard = 0;
  std::string key;
  uint64_t hash = 0;

  Token token;              // none: back-off
  int64_t deadline_ms = 0;  // monotonic; with a token: when the lease ends, else when the back-off does
  int64_t granted_us = 0;   // monotonic
  std::string backoff_text;

  Leader* leader = nullptr;  // null: its connection closed
  Lease* leader_previous = nullptr;
  Lease* leader_next = nullptr;

  std::vector<std::unique_ptr<Group>> groups;  // one for each worker with waiters
  size_t waiting = 0;                          // over all groups
  Waiter* undelivered = nullptr;               // was promoted and does not know yet
  bool watched = false;                        // who caches what was answered is to be told of its end
  bool ended = false;  // its time is over, and that was told and counted; the token is good still
  bool due_listed = false;

  Lease* older = nullptr;  // by grant, of its shard
  Lease* newer = nullptr;
};

// The leases that one connection leads. Linked and unlinked under the shard's lock of each lease and its own,
// which comes after it.
class Leader final : public client::Attachment {
 public:
  Leader(uint64_t client_id, bool concurrent) : client_id(client_id), lock_(concurrent) {}

  const uint64_t client_id;

 private:
  friend class Leases;
  LeafLock lock_;
  Lease* first_ = nullptr;
};

}  // namespace corral::lease
