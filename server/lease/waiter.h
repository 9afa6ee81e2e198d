// A caller that waits for another's fetch.
#pragma once

#include <cstdint>
#include <memory>

#include "server/lease/answer.h"
#include "server/lease/token.h"
#include "server/waiting/mailbox.h"
#include "server/waiting/waiter.h"

namespace corral::lease {

class Leader;
struct Group;
struct Lease;

// Waits for one key. Claimed when a lease is granted to it (it is promoted); who gets the value with all
// others is answered with its group. The owner ends it with Leases::Finish or Leases::Leave before it goes.
class Waiter : public waiting::Waiter {
 public:
  // `lease_ms`: how long it wants the lease when it is promoted.
  Waiter(waiting::Mailbox& mailbox, Leader& leader, int64_t lease_ms)
      : waiting::Waiter(mailbox), leader_(leader), lease_ms_(lease_ms) {}

 protected:
  ~Waiter() = default;

 private:
  friend class Leases;

  Group* group_ = nullptr;  // where it stands, or was answered; null once it was promoted
  Lease* lease_ = nullptr;  // promoted: the lease, while the grant stands; locked by its shard
  Leader& leader_;
  std::unique_ptr<const Outcome> outcome_;  // promoted
  Token token_;                             // promoted
  int64_t lease_ms_;
  uint32_t shard_ = 0;
};

// The waiters of one lease on one worker.
struct Group final : waiting::Group {
  Group(Lease& lease, waiting::Mailbox& mailbox) : waiting::Group(mailbox), lease(&lease) {}

  Lease* lease;                            // null: answered
  std::shared_ptr<const Outcome> outcome;  // once answered
};

}  // namespace corral::lease
