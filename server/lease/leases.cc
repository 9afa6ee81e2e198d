// What commands and writes do to leases. Who waits, who leads and when leases end: queue.cc; how long they
// are remembered: memory.cc.
#include "server/lease/leases.h"

#include <algorithm>
#include <mutex>

#include "server/lease/shard.h"

namespace corral::lease {
namespace {

// The wait that BUSY suggests, at least.
constexpr int64_t kLeastRetryMs = 10;
constexpr unsigned kShardBits = 16;  // of a token's number

// Events that leave the value as it is.
bool KeepsValue(const command::Event& event) {
  return event.name == command::events::kExpire.name || event.name == command::events::kPersist.name ||
         event.name == command::events::kSoftDel.name;
}

}  // namespace

Leases::Leases(storage::Keyspace& keyspace, const config::Settings& settings, const storage::Clock& clock,
               uint64_t seed)
    : keyspace_(keyspace),
      settings_(settings),
      clock_(clock),
      concurrent_(settings.threads > 1),
      boot_(static_cast<uint32_t>(storage::Random(seed).Next() >> 32)) {
  storage::Random seeds(seed);
  for (uint32_t i = 0; i < keyspace.shard_count(); ++i) {
    shards_.push_back(std::make_unique<Shard>(i, seeds.Next()));
  }
}

Leases::~Leases() = default;

Lease* Leases::Lookup(const Shard& shard, int database, const storage::Key& key) const {
  auto found = shard.leases.find({database, key.name, key.hash});
  return found == shard.leases.end() ? nullptr : found->second.get();
}

const Lease* Leases::Find(int database, const storage::Key& key) const {
  return empty() ? nullptr : Lookup(ShardFor(key), database, key);
}

Lease* Leases::Holding(const Shard& shard, int database, const storage::Key& key, Token token) const {
  Lease* lease = Lookup(shard, database, key);
  return lease != nullptr && lease->token && lease->token == token ? lease : nullptr;
}

// ---- Granting

void Leases::Grant(Shard& shard, Lease& lease, Leader& leader, int64_t lease_ms) {
  CloseUndelivered(lease);
  UnlistDue(shard, lease);
  lease.ended = false;
  lease.token = {boot_, ++shard.grants << kShardBits | shard.index};
  lease.granted_us = static_cast<int64_t>(clock_.monotonic_ns() / 1000);
  lease.deadline_ms = lease.granted_us / 1000 + lease_ms;
  lease.backoff_text.clear();
  SetLeader(lease, &leader);
  ListDue(shard, lease);
  shard.order.Renew(lease);
  ++shard.counters.granted;
}

AskResult Leases::Ask(const storage::Database& database, const storage::Key& key, Leader& leader,
                      int64_t lease_ms, bool watched) {
  Shard& shard = ShardFor(key);
  Lease* lease = Lookup(shard, database.index(), key);
  const int64_t now = now_ms();
  if (lease != nullptr) {
    if (!lease->token && now < lease->deadline_ms) {
      return {AskResult::Kind::kBackoff, {}, lease->deadline_ms - now, lease->backoff_text};
    }
    if (lease->token && now >= lease->deadline_ms && !lease->ended) EndTime(shard, *lease, database.now_ms());
    if (lease->token && now < lease->deadline_ms) {
      lease->watched |= watched;
      ListDue(shard, *lease);
      return {AskResult::Kind::kHeld, {}, RetryMs(*lease), {}};
    }
  } else {
    lease = Create(shard, database, key);
    if (lease == nullptr) return {AskResult::Kind::kFull, {}, kLeastRetryMs, {}};
  }
  lease->watched = watched;
  Grant(shard, *lease, leader, lease_ms);
  return {AskResult::Kind::kGranted, lease->token, lease_ms, {}};
}

// As long again as the fetch has taken so far: callers that ask again then do it a few times, whatever it
// takes.
int64_t Leases::RetryMs(const Lease& lease) const {
  const int64_t now = now_ms();
  const int64_t left = std::max<int64_t>(1, lease.deadline_ms - now);
  return std::min(left, std::max(kLeastRetryMs, now - lease.granted_us / 1000));
}

// ---- Ending by token

bool Leases::MayFill(int database, const storage::Key& key, Token token, uint32_t* cost_us) {
  Shard& shard = ShardFor(key);
  const Lease* lease = Holding(shard, database, key, token);
  if (lease == nullptr) {
    ++shard.counters.refused;
    return false;
  }
  const int64_t cost = static_cast<int64_t>(clock_.monotonic_ns() / 1000) - lease->granted_us;
  *cost_us = static_cast<uint32_t>(std::clamp<int64_t>(cost, 1, UINT32_MAX));
  return true;
}

bool Leases::Abort(const storage::Database& database, const storage::Key& key, Token token) {
  Shard& shard = ShardFor(key);
  Lease* lease = Holding(shard, database.index(), key, token);
  if (lease == nullptr) return false;
  Invalidated(*lease);
  PromoteOrErase(shard, *lease, database.now_ms());
  return true;
}

bool Leases::Abort(const storage::Database& database, const storage::Key& key, Token token,
                   int64_t backoff_ms, std::string_view text) {
  Shard& shard = ShardFor(key);
  Lease* lease = Holding(shard, database.index(), key, token);
  if (lease == nullptr) return false;
  Invalidated(*lease);
  if (lease->waiting != 0) {
    std::unique_ptr<Outcome> outcome = Present(*lease, database.now_ms());
    if (outcome == nullptr) {
      outcome = std::make_unique<Outcome>();
      outcome->status = Status::kFail;
      outcome->text = text;
      outcome->ms = backoff_ms;
    } else if (outcome->status != Status::kWrongType) {
      outcome->status = Status::kStale;
      shard.counters.stale_served += lease->waiting;
    }
    AnswerAll(shard, *lease, std::move(outcome));
  }
  UnlistDue(shard, *lease);
  lease->watched = lease->ended = false;
  CloseUndelivered(*lease);
  SetLeader(*lease, nullptr);
  lease->token = {};
  lease->deadline_ms = now_ms() + backoff_ms;
  lease->backoff_text = text;
  return true;
}

bool Leases::Extend(int database, const storage::Key& key, Token token, int64_t lease_ms) {
  Shard& shard = ShardFor(key);
  Lease* lease = Holding(shard, database, key, token);
  if (lease == nullptr) return false;
  UnlistDue(shard, *lease);
  lease->deadline_ms = now_ms() + lease_ms;
  lease->ended = false;
  ListDue(shard, *lease);
  shard.order.Renew(*lease);
  return true;
}

void Leases::Invalidate(const storage::Database& database, const storage::Key& key) {
  if (empty()) return;
  Shard& shard = ShardFor(key);
  Lease* lease = Lookup(shard, database.index(), key);
  if (lease == nullptr) return;
  Invalidated(*lease);
  PromoteOrErase(shard, *lease, database.now_ms());
}

// ---- Ending by writes

void Leases::KeyChanged(const storage::Database& database, const storage::Key& key,
                        const command::Event& event) {
  if (empty() || KeepsValue(event)) return;
  Shard& shard = ShardFor(key);
  if (Lease* lease = Lookup(shard, database.index(), key)) Settle(shard, *lease, database.now_ms());
}

// What is stored under the lease's key, null when there is nothing.
std::unique_ptr<Outcome> Leases::Present(const Lease& lease, int64_t unix_ms) const {
  storage::Database database = keyspace_.database(lease.database, unix_ms);
  const storage::Record* record = database.Peek({lease.key, lease.hash});
  if (record == nullptr) return nullptr;
  auto outcome = std::make_unique<Outcome>();
  if (record->type() != storage::ValueType::kString) {
    outcome->status = Status::kWrongType;
    return outcome;
  }
  outcome->status = IsStale(*record, unix_ms) ? Status::kStale : Status::kHit;
  outcome->ms = LeftToLive(*record, unix_ms);
  outcome->value = record->Large();
  if (!outcome->value) {
    storage::IntegerText scratch;
    outcome->value = storage::SharedBytes::CopyOf(record->String(scratch));
  }
  return outcome;
}

void Leases::Settle(Shard& shard, Lease& lease, int64_t unix_ms) {
  std::unique_ptr<Outcome> outcome = lease.waiting == 0 ? nullptr : Present(lease, unix_ms);
  if (outcome == nullptr) {
    PromoteOrErase(shard, lease, unix_ms);
    return;
  }
  // Whoever wrote meant it to be served.
  if (outcome->status == Status::kStale) outcome->status = Status::kHit;
  if (outcome->status == Status::kHit) shard.counters.coalesced += lease.waiting;
  AnswerAll(shard, lease, std::move(outcome));
  Erase(shard, lease);
}

// Everything under these keys is another's now: tokens are void, whether the key is there or not, as WATCH
// has it.
void Leases::SettleDatabase(int database, int64_t unix_ms) {
  for (auto& shard : shards_) {
    std::vector<Lease*> touched;
    for (auto& [name, lease] : shard->leases) {
      if (database == -1 || name.database == database) touched.push_back(lease.get());
    }
    for (Lease* lease : touched) Settle(*shard, *lease, unix_ms);
  }
}

void Leases::DatabaseFlushed(int database, int64_t unix_ms) {
  if (!empty()) SettleDatabase(database, unix_ms);
}

void Leases::DatabasesSwapped(int database, int other, int64_t unix_ms) {
  if (empty()) return;
  SettleDatabase(database, unix_ms);
  SettleDatabase(other, unix_ms);
}

// ---- Figures

double Leases::Draw(const storage::Key& key) { return 1.0 - ShardFor(key).random.NextDouble(); }
void Leases::CountStale(const storage::Key& key) { ++ShardFor(key).counters.stale_served; }
void Leases::CountEarly(const storage::Key& key) { ++ShardFor(key).counters.early_refreshes; }

void Leases::ForEach(const std::function<void(const Lease&)>& visit) const {
  for (const auto& shard : shards_) {
    for (const auto& [name, lease] : shard->leases) visit(*lease);
  }
}

size_t Leases::active() const {
  const int64_t now = now_ms();
  size_t count = 0;
  ForEach([&](const Lease& lease) { count += lease.token && now < lease.deadline_ms; });
  return count;
}

Counters Leases::counters() const {
  Counters sum;
  for (const auto& shard : shards_) sum += shard->counters;
  return sum;
}

void Leases::ResetCounters() {
  for (auto& shard : shards_) shard->counters = {};
}

// ---- Client-side caching

void Leases::Invalidated(const Lease& lease) const {
  if (on_invalidated) on_invalidated({lease.key, lease.hash});
}

void Leases::BeginRead(client::Client& client, std::string_view name) {
  const storage::Key key = keyspace_.MakeKey(name);
  storage::ShardGuard guard(keyspace_, keyspace_.ShardOf(key.hash));
  if (on_read) on_read(client, key);
}

// The answer was made when the key was written, and has been on its way since.
void Leases::EndRead(int database, std::string_view name, const Outcome& answer) {
  if (answer.status != Status::kHit && answer.status != Status::kStale) return;
  const storage::Key key = keyspace_.MakeKey(name);
  const int64_t now_unix_ms = clock_.unix_ms();
  storage::ShardGuard guard(keyspace_, keyspace_.ShardOf(key.hash));
  const storage::Record* record = keyspace_.database(database, now_unix_ms).Peek(key);
  storage::IntegerText scratch;
  const bool same = record != nullptr && record->type() == storage::ValueType::kString &&
                    IsStale(*record, now_unix_ms) == (answer.status == Status::kStale) &&
                    record->String(scratch) == (answer.value ? answer.value.view() : std::string_view());
  if (!same && on_invalidated) on_invalidated(key);
}

}  // namespace corral::lease
