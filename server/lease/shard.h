// The leases of one shard of the keyspace; private to server/lease.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "server/lease/leases.h"

namespace corral::lease {

// Leases from the one granted longest ago to the latest. One that had to stay for its waiters when room was
// wanted counts as granted then.
class GrantOrder {
 public:
  Lease* oldest() const { return oldest_; }
  // Each in turn, whatever comes and goes meanwhile. Null: there is none.
  Lease* Next() {
    Lease* next = next_ != nullptr ? next_ : oldest_;
    if (next != nullptr) next_ = next->newer;
    return next;
  }
  void Append(Lease& lease) {
    lease.older = newest_;
    lease.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &lease;
    newest_ = &lease;
  }
  void Remove(Lease& lease) {
    if (next_ == &lease) next_ = lease.newer;
    (lease.older != nullptr ? lease.older->newer : oldest_) = lease.newer;
    (lease.newer != nullptr ? lease.newer->older : newest_) = lease.older;
  }
  void Renew(Lease& lease) {
    Remove(lease);
    Append(lease);
  }

 private:
  Lease* oldest_ = nullptr;
  Lease* newest_ = nullptr;
  Lease* next_ = nullptr;  // of Next; null: the oldest
};

// Owned by the lock of the keyspace's shard of the same index.
struct Leases::Shard {
  Shard(uint32_t index, uint64_t seed) : index(index), random(seed) {}

  const uint32_t index;
  std::unordered_map<Name, std::unique_ptr<Lease>, NameHash> leases;
  GrantOrder order;
  std::set<std::pair<int64_t, Lease*>> due;  // by deadline, those that somebody waits for or watches
  size_t bytes = 0;                          // of all leases
  uint64_t grants = 0, arrivals = 0;
  Counters counters;
  storage::Random random;
};

}  // namespace corral::lease
