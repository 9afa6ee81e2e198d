// All leases of the process: who fetches which key, who waits for it, and what every event does to them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/command/event.h"
#include "server/config/settings.h"
#include "server/lease/answer.h"
#include "server/lease/lease.h"
#include "server/lease/token.h"
#include "server/lease/waiter.h"
#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/keyspace.h"

namespace corral::client {
class Client;
class ClientOwner;
}  // namespace corral::client

namespace corral::lease {

struct Counters {
  uint64_t granted = 0;          // tokens given, to waiters too
  uint64_t coalesced = 0;        // waiters that got the value another one fetched
  uint64_t promoted = 0;         // waiters that became the leader
  uint64_t expired = 0;          // leases whose time ended unfilled
  uint64_t refused = 0;          // SETLEASE with a token that was void
  uint64_t stale_served = 0;     // answers STALE
  uint64_t early_refreshes = 0;  // tokens given while the value was fresh

  Counters& operator+=(const Counters& other) {
    granted += other.granted;
    coalesced += other.coalesced;
    promoted += other.promoted;
    expired += other.expired;
    refused += other.refused;
    stale_served += other.stale_served;
    early_refreshes += other.early_refreshes;
    return *this;
  }
};

// What Ask answers.
struct AskResult {
  enum class Kind : uint8_t { kGranted, kHeld, kBackoff, kFull };  // kFull: no memory for a further lease
  Kind kind;
  Token token;  // kGranted
  int64_t ms;   // kGranted: the lease; kHeld, kFull: when to ask again; kBackoff: what is left of it
  std::string_view text;  // kBackoff: of the lease, valid until it changes
};

// Cut by the keyspace's shards: what names a key requires the lock of that key's shard, "the world" the gate
// as writer; the rest locks shards itself and is called inside the gate without one. Without any lease a
// write costs one relaxed load (empty()). Times without "unix" are monotonic: the clock on the wall may jump.
// `unix_ms`, and a Database's time, is the present command's: a key that it found stays where it is, because
// nothing here looks at keys with a later clock.
class Leases {
 public:
  // `clock` and `settings` outlive this. `seed`: of tokens and of random refreshes.
  Leases(storage::Keyspace& keyspace, const config::Settings& settings, const storage::Clock& clock,
         uint64_t seed);
  ~Leases();
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  // The mailbox of each worker, which outlives what waits here. Before the threads start.
  void AddMailbox(const client::ClientOwner* worker, waiting::Mailbox& mailbox) {
    mailboxes_.emplace_back(worker, &mailbox);
  }
  waiting::Mailbox& mailbox(const client::ClientOwner* worker) const;

  // Client-side caching, told under the key's shard's lock. Set before the threads start.
  // What GETLEASE answers for a key changes without a write to it: a lease was aborted or ended.
  std::function<void(const storage::Key& key)> on_invalidated;
  // The wait of a connection that caches is over: it reads the key now.
  std::function<void(client::Client& client, const storage::Key& key)> on_read;

  bool empty() const { return remembered_.load(std::memory_order_relaxed) == 0; }
  int64_t now_ms() const { return static_cast<int64_t>(clock_.monotonic_ns() / 1'000'000); }

  // ---- Commands: under the lock of the key's shard.
  // Grants a lease of `lease_ms` unless another holds it or a back-off lasts. `watched`: on_invalidated is to
  // tell of the lease's end at once, and not when somebody asks again.
  AskResult Ask(const storage::Database& database, const storage::Key& key, Leader& leader, int64_t lease_ms,
                bool watched);
  // Joins the queue of the lease that Ask found held. False at a limit.
  bool Join(int database, const storage::Key& key, Waiter& waiter);
  // Whether the token may store; if so, *cost_us is the time since the grant. Counts a refusal. What is
  // stored then ends the lease as any write does.
  bool MayFill(int database, const storage::Key& key, Token token, uint32_t* cost_us);
  // DELLEASE: false when the token is void. Without a back-off the oldest waiter is promoted.
  bool Abort(const storage::Database& database, const storage::Key& key, Token token);
  bool Abort(const storage::Database& database, const storage::Key& key, Token token, int64_t backoff_ms,
             std::string_view text);
  bool Extend(int database, const storage::Key& key, Token token, int64_t lease_ms);
  // The token is void, a back-off ends, the oldest waiter is promoted: SOFTDEL, and DEL of a key that is not
  // there.
  void Invalidate(const storage::Database& database, const storage::Key& key);
  // Null: no lease, no back-off.
  const Lease* Find(int database, const storage::Key& key) const;
  double Draw(const storage::Key& key);  // random, in (0, 1]
  void CountStale(const storage::Key& key);
  void CountEarly(const storage::Key& key);

  // ---- Writes: under the lock of the key's shard, after the write.
  void KeyChanged(const storage::Database& database, const storage::Key& key, const command::Event& event);
  // ---- The world.
  void DatabaseFlushed(int database, int64_t unix_ms);  // -1: all
  void DatabasesSwapped(int database, int other, int64_t unix_ms);
  void ForEach(const std::function<void(const Lease&)>& visit) const;
  // Leases that last: none whose time is over, no back-off. O(leases).
  size_t active() const;
  Counters counters() const;
  void ResetCounters();
  void CheckInvariants() const;  // aborts with a message

  // ---- Connections.
  // The wait ends at its deadline, by further input or by CLIENT UNBLOCK: what to answer now. That is BUSY,
  // or the value or lease that is on its way already.
  Outcome Finish(Waiter& waiter, Token* token);
  // What a waiter is told that is delivered: the value, or the lease that it leads from now on.
  std::shared_ptr<const Outcome> Take(Waiter& waiter, Token* token);
  // The waiter goes without an answer; a lease that was granted to it passes to the next.
  void Leave(Waiter& waiter);
  // The connection closed: its leases with waiters pass to the oldest one, the tokens of the others stay
  // good.
  void LeaderGone(Leader& leader);
  std::unique_ptr<Leader> NewLeader(uint64_t client_id) const {
    return std::make_unique<Leader>(client_id, concurrent_);
  }

  // For a caching connection whose wait is over. The first is called before its answer is taken, and on_read
  // is told; the second when the answer is written, and says that it is outdated if it is.
  void BeginRead(client::Client& client, std::string_view key);
  void EndRead(int database, std::string_view key, const Outcome& answer);

  // ---- Time. Leases that ended while somebody waits are handed on; those that ended long ago are forgotten.
  int64_t next_due_ms() const { return next_due_ms_.load(std::memory_order_relaxed); }
  void RunDue();

  // All leases together may take this part of maxmemory; beyond it the oldest without waiters go.
  static constexpr uint64_t kShareOfMemory = 8;
  size_t bytes() const;  // what they take; the world

  // Leases and back-offs, those included whose time is over and that are known still.
  size_t remembered() const { return remembered_.load(std::memory_order_relaxed); }
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Name {
    int database;
    std::string_view key;
    uint64_t hash;
    bool operator==(const Name& other) const { return database == other.database && key == other.key; }
  };
  struct NameHash {
    size_t operator()(const Name& name) const { return name.hash + static_cast<unsigned>(name.database); }
  };
  struct Shard;

  Shard& ShardFor(const storage::Key& key) const { return *shards_[keyspace_.ShardOf(key.hash)]; }
  Lease* Lookup(const Shard& shard, int database, const storage::Key& key) const;
  // The lease if the token is its present one.
  Lease* Holding(const Shard& shard, int database, const storage::Key& key, Token token) const;
  // Null when the shard's leases have their share of the memory, and somebody waits for each.
  Lease* Create(Shard& shard, const storage::Database& database, const storage::Key& key);
  void Erase(Shard& shard, Lease& lease);
  static size_t BytesOf(const Lease& lease);
  // Whether nothing is lost with it but a fetch: nobody waits, and it ended as long ago as it lasted, or 10
  // s.
  bool LongEnded(const Lease& lease, int64_t now) const;
  void Forget(Shard& shard, Lease& lease, int64_t unix_ms);
  bool MakeRoom(Shard& shard, int64_t unix_ms);
  size_t ShareOfShard() const;  // of memory, in bytes
  void Sweep();

  void Grant(Shard& shard, Lease& lease, Leader& leader, int64_t lease_ms);
  void Promote(Shard& shard, Lease& lease, int64_t unix_ms);
  // Hands the lease on, or forgets it when nobody waits.
  void PromoteOrErase(Shard& shard, Lease& lease, int64_t unix_ms);
  void EndTime(Shard& shard, Lease& lease, int64_t unix_ms);
  // Answers all waiters, however many.
  void AnswerAll(Shard& shard, Lease& lease, std::shared_ptr<const Outcome> outcome);
  // Takes the oldest waiter out.
  Waiter& TakeOldest(Lease& lease);
  // The token is void: all get what is there, or the oldest is promoted.
  void Settle(Shard& shard, Lease& lease, int64_t unix_ms);
  std::unique_ptr<Outcome> Present(const Lease& lease, int64_t unix_ms) const;
  int64_t RetryMs(const Lease& lease) const;
  void SettleDatabase(int database, int64_t unix_ms);  // -1: all

  void SetLeader(Lease& lease, Leader* leader);
  // Lists the lease as due if its end concerns anybody.
  void ListDue(Shard& shard, Lease& lease);
  void UnlistDue(Shard& shard, Lease& lease);
  void LowerNextDue(int64_t due_ms);
  // Out of its group, of which the answer may be on its way.
  void Unqueue(Waiter& waiter);
  void CloseUndelivered(Lease& lease);
  void Add(std::atomic<size_t>& counter, size_t change);
  void Invalidated(const Lease& lease) const;

  storage::Keyspace& keyspace_;
  const config::Settings& settings_;
  const storage::Clock& clock_;
  const bool concurrent_;
  const uint32_t boot_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::pair<const client::ClientOwner*, waiting::Mailbox*>> mailboxes_;
  std::atomic<size_t> remembered_{0}, waiting_{0};
  std::atomic<int64_t> next_due_ms_{
      INT64_MAX};  // not later than the earliest of all shards, and the next sweep
  std::atomic<int64_t> next_sweep_ms_{0};
  std::atomic<uint32_t> sweep_shard_{0};  // behind which the next one begins
  std::atomic<uint32_t> due_shard_{0};    // behind which RunDue begins
};

}  // namespace corral::lease
