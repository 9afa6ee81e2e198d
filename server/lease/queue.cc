// Who waits for a lease, who leads it, and what happens when its time or a connection ends.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "server/lease/leases.h"
#include "server/lease/shard.h"
#include "storage/base/invariant.h"

namespace corral::lease {
namespace {

// Of leases whose time ended, a turn hands on so many of each shard, and none when its time is over; the rest
// follows in the next turns.
constexpr int kShardEnds = 32;
constexpr uint64_t kEndsBudgetNs = 200'000;

}  // namespace

void Leases::Add(std::atomic<size_t>& counter, size_t change) {
  if (concurrent_) {
    counter.fetch_add(change, std::memory_order_relaxed);
  } else {
    counter.store(counter.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
}

// ---- Waiting

waiting::Mailbox& Leases::mailbox(const client::ClientOwner* worker) const {
  auto found = std::find_if(mailboxes_.begin(), mailboxes_.end(),
                            [&](const auto& box) { return box.first == worker; });
  return *found->second;
}

bool Leases::Join(int database, const storage::Key& key, Waiter& waiter) {
  Shard& shard = ShardFor(key);
  Lease* lease = Lookup(shard, database, key);
  const bool full = lease->waiting >= settings_.lease_max_waiters_per_key ||
                    waiting_.load(std::memory_order_relaxed) >= settings_.lease_max_waiters;
  if (full) return false;
  auto group = std::find_if(lease->groups.begin(), lease->groups.end(),
                            [&](const auto& present) { return &present->mailbox == &waiter.mailbox(); });
  if (group == lease->groups.end()) {
    group = lease->groups.insert(group, std::make_unique<Group>(*lease, waiter.mailbox()));
  }
  waiter.group_ = group->get();
  waiter.shard_ = shard.index;
  waiter.place().arrival = ++shard.arrivals;
  waiter.group_->waiters.Append(waiter.place());
  waiter.Begin();
  ++lease->waiting;
  Add(waiting_, 1);
  ListDue(shard, *lease);
  return true;
}

void Leases::AnswerAll(Shard& shard, Lease& lease, std::shared_ptr<const Outcome> outcome) {
  UnlistDue(shard, lease);
  Add(waiting_, -std::exchange(lease.waiting, 0));
  for (std::unique_ptr<Group>& group : lease.groups) {
    group->lease = nullptr;
    group->outcome = outcome;
    waiting::Mailbox& mailbox = group->mailbox;
    mailbox.Put(std::move(group));
  }
  lease.groups.clear();
}

Waiter& Leases::TakeOldest(Lease& lease) {
  Group* oldest = nullptr;
  for (const std::unique_ptr<Group>& group : lease.groups) {
    if (group->waiters.empty()) continue;
    if (oldest == nullptr || group->waiters.first()->arrival < oldest->waiters.first()->arrival) {
      oldest = group.get();
    }
  }
  --lease.waiting;
  Add(waiting_, static_cast<size_t>(-1));
  return static_cast<Waiter&>(oldest->waiters.TakeFirst()->waiter);
}

void Leases::Promote(Shard& shard, Lease& lease, int64_t unix_ms) {
  Waiter& waiter = TakeOldest(lease);
  // Who stands in a lease's queue has one key, and withdraws under its lock.
  storage::Require(waiter.Claim(), "leases: a waiter in the queue waits no more");
  Grant(shard, lease, waiter.leader_, waiter.lease_ms_);
  std::unique_ptr<Outcome> outcome = Present(lease, unix_ms);
  if (outcome == nullptr) {
    outcome = std::make_unique<Outcome>();
    outcome->status = Status::kLease;
    outcome->ms = waiter.lease_ms_;
  }
  ++shard.counters.promoted;
  if (outcome->status == Status::kStale) ++shard.counters.stale_served;
  waiter.group_ = nullptr;
  waiter.outcome_ = std::move(outcome);
  waiter.token_ = lease.token;
  waiter.lease_ = &lease;
  lease.undelivered = &waiter;
  waiter.mailbox().Put(waiter);
}

void Leases::PromoteOrErase(Shard& shard, Lease& lease, int64_t unix_ms) {
  if (lease.waiting == 0) {
    Erase(shard, lease);
  } else {
    Promote(shard, lease, unix_ms);
  }
}

std::shared_ptr<const Outcome> Leases::Take(Waiter& waiter, Token* token) {
  if (waiter.group_ != nullptr) return waiter.group_->outcome;
  // From now on its connection's end is a leader's.
  storage::ShardGuard guard(keyspace_, waiter.shard_);
  if (waiter.lease_ != nullptr) CloseUndelivered(*waiter.lease_);
  *token = waiter.token_;
  return std::move(waiter.outcome_);
}

void Leases::CloseUndelivered(Lease& lease) {
  if (lease.undelivered == nullptr) return;
  lease.undelivered->lease_ = nullptr;
  lease.undelivered = nullptr;
}

Outcome Leases::Finish(Waiter& waiter, Token* token) {
  storage::ShardGuard guard(keyspace_, waiter.shard_);
  *token = {};
  if (!waiter.Withdraw()) {
    waiter.End();
    waiter.mailbox().Remove(waiter);
    if (waiter.lease_ != nullptr) CloseUndelivered(*waiter.lease_);
    *token = waiter.token_;
    return *waiter.outcome_;
  }
  Outcome outcome;
  if (waiter.group_->lease != nullptr) {
    outcome.ms = RetryMs(*waiter.group_->lease);
  } else {
    outcome = *waiter.group_->outcome;
  }
  Unqueue(waiter);
  return outcome;
}

void Leases::Unqueue(Waiter& waiter) {
  waiter.group_->waiters.Remove(waiter.place());
  Lease* lease = waiter.group_->lease;
  if (lease == nullptr) return;
  --lease->waiting;
  Add(waiting_, static_cast<size_t>(-1));
  if (lease->waiting == 0 && !lease->watched) UnlistDue(*shards_[lease->shard], *lease);
}

void Leases::Leave(Waiter& waiter) {
  if (!waiter.pending()) return;
  storage::ShardGuard guard(keyspace_, waiter.shard_);
  if (waiter.Withdraw()) return Unqueue(waiter);
  waiter.End();
  waiter.mailbox().Remove(waiter);
  Lease* lease = std::exchange(waiter.lease_, nullptr);
  if (lease == nullptr) return;
  lease->undelivered = nullptr;
  PromoteOrErase(*shards_[lease->shard], *lease, clock_.unix_ms());
}

// ---- Leading

void Leases::SetLeader(Lease& lease, Leader* leader) {
  if (lease.leader == leader) return;
  if (Leader* old = lease.leader) {
    std::lock_guard guard(old->lock_);
    (lease.leader_previous != nullptr ? lease.leader_previous->leader_next : old->first_) = lease.leader_next;
    if (lease.leader_next != nullptr) lease.leader_next->leader_previous = lease.leader_previous;
  }
  lease.leader = leader;
  lease.leader_previous = lease.leader_next = nullptr;
  if (leader == nullptr) return;
  std::lock_guard guard(leader->lock_);
  lease.leader_next = leader->first_;
  if (leader->first_ != nullptr) leader->first_->leader_previous = &lease;
  leader->first_ = &lease;
}

void Leases::LeaderGone(Leader& leader) {
  const auto first = [&](uint32_t* shard) {
    std::lock_guard guard(leader.lock_);
    if (leader.first_ != nullptr) *shard = leader.first_->shard;
    return leader.first_;
  };
  // A lease can only be touched under its shard's lock, and only the list tells which that is: it may go
  // between the two looks.
  uint32_t index = 0;
  while (first(&index) != nullptr) {
    storage::ShardGuard guard(keyspace_, index);
    uint32_t present = 0;
    while (Lease* lease = first(&present)) {
      if (present != index) break;
      SetLeader(*lease, nullptr);
      if (lease->waiting != 0) Promote(*shards_[index], *lease, clock_.unix_ms());
    }
  }
}

// ---- Time

void Leases::LowerNextDue(int64_t due_ms) {
  int64_t present = next_due_ms_.load(std::memory_order_relaxed);
  if (!concurrent_) {
    if (due_ms < present) next_due_ms_.store(due_ms, std::memory_order_relaxed);
    return;
  }
  while (due_ms < present &&
         !next_due_ms_.compare_exchange_weak(present, due_ms, std::memory_order_relaxed)) {
  }
}

void Leases::ListDue(Shard& shard, Lease& lease) {
  if (lease.due_listed || (lease.waiting == 0 && !lease.watched)) return;
  shard.due.emplace(lease.deadline_ms, &lease);
  lease.due_listed = true;
  LowerNextDue(lease.deadline_ms);
}

void Leases::UnlistDue(Shard& shard, Lease& lease) {
  if (!lease.due_listed) return;
  shard.due.erase({lease.deadline_ms, &lease});
  lease.due_listed = false;
}

void Leases::EndTime(Shard& shard, Lease& lease, int64_t unix_ms) {
  ++shard.counters.expired;
  UnlistDue(shard, lease);
  lease.ended = true;
  lease.watched = false;
  Invalidated(lease);
  if (lease.waiting != 0) Promote(shard, lease, unix_ms);
}

void Leases::RunDue() {
  const int64_t now = now_ms();
  if (next_due_ms() > now) return;
  // What is listed from here on lowers it again.
  next_due_ms_.store(INT64_MAX, std::memory_order_relaxed);
  const uint64_t start_ns = clock_.monotonic_ns();
  bool time_left = true;
  uint32_t index = due_shard_.load(std::memory_order_relaxed);
  for (size_t visited = 0; visited < shards_.size(); ++visited) {
    index = (index + 1) % static_cast<uint32_t>(shards_.size());
    Shard& shard = *shards_[index];
    storage::ShardGuard guard(keyspace_, index);
    int left = time_left ? kShardEnds : 0;
    for (; left > 0 && !shard.due.empty() && shard.due.begin()->first <= now; --left) {
      EndTime(shard, *shard.due.begin()->second, clock_.unix_ms());
    }
    if (!shard.due.empty()) LowerNextDue(shard.due.begin()->first);
    if (!time_left || left == kShardEnds) continue;
    time_left = clock_.monotonic_ns() - start_ns < kEndsBudgetNs;
    due_shard_.store(index, std::memory_order_relaxed);
  }
  Sweep();
}

void Leases::CheckInvariants() const {
  size_t remembered = 0, waiting = 0;
  for (const auto& shard : shards_) {
    size_t listed = 0, ordered = 0, bytes = 0;
    for (const auto& [name, lease] : shard->leases) {
      ++remembered;
      bytes += BytesOf(*lease);
      size_t grouped = 0;
      for (const auto& group : lease->groups) {
        storage::Require(group->lease == lease.get(), "leases: a group is another's");
        grouped += group->waiters.size();
      }
      storage::Require(grouped == lease->waiting, "leases: the number of waiters is wrong");
      waiting += grouped;
      listed += lease->due_listed;
      storage::Require(name.key.data() == lease->key.data() && name.database == lease->database,
                       "leases: a name is not its lease's");
      storage::Require(lease->due_listed == (lease->waiting != 0 || lease->watched),
                       "leases: the list of due leases is wrong");
      storage::Require(lease->token || (lease->waiting == 0 && lease->leader == nullptr && !lease->watched),
                       "leases: somebody waits in a back-off");
      storage::Require(!lease->ended || lease->waiting == 0, "leases: somebody waits for a lease that ended");
      storage::Require(!lease->due_listed || shard->due.count({lease->deadline_ms, lease.get()}) == 1,
                       "leases: a deadline is wrong");
      storage::Require(lease->undelivered == nullptr || lease->undelivered->lease_ == lease.get(),
                       "leases: a grant is lost");
    }
    for (const Lease* lease = shard->order.oldest(); lease != nullptr; lease = lease->newer) ++ordered;
    storage::Require(bytes == shard->bytes, "leases: the bytes are wrong");
    storage::Require(listed == shard->due.size() && ordered == shard->leases.size(),
                     "leases: a list has lost a lease");
    storage::Require(shard->due.empty() || next_due_ms() <= shard->due.begin()->first,
                     "leases: the next deadline is too late");
  }
  storage::Require(remembered == remembered_.load() && waiting == waiting_.load(),
                   "leases: the counts are wrong");
}

}  // namespace corral::lease
