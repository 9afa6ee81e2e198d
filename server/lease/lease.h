// One lease and the one who leads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/client/attachment.h"
#include "server/lease/waiter.h"
#include "server/waiting/leaf_lock.h"

namespace corral::lease {

// The right to fetch a key, or the back-off after a fetch that failed. Read and changed under the lock of the
// key's shard.
//
// Invariants:
//   - It has a token, or it is a back-off; nobody waits for the end of a back-off.
//   - It is listed in `due` of its shard exactly while somebody waits for it or watches it.
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
  Waiter* undelivered = nullptr;               // the leader, while the grant is on its way to it
  bool watched = false;  // a client with tracking has an answer for this key: the lease's end makes it stale
  bool ended = false;    // its time is over and this was counted; the token can still store
  bool due_listed = false;

  Lease* older = nullptr;  // by grant, of its shard
  Lease* newer = nullptr;
};

// The leases that one connection leads. To link or unlink a lease takes two locks, in this order: the lock of
// the lease's shard, and the lock of this list.
class Leader final : public client::Attachment {
 public:
  Leader(uint64_t client_id, bool concurrent) : client_id(client_id), lock_(concurrent) {}

  const uint64_t client_id;

 private:
  friend class Leases;
  waiting::LeafLock lock_;
  Lease* first_ = nullptr;
};

}  // namespace corral::lease
