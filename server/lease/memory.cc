// How long leases are remembered, and how much memory they may take.
#include <algorithm>

#include "server/lease/leases.h"
#include "server/lease/shard.h"

namespace corral::lease {
namespace {

// Leases looked at in one go, before time and effect are looked at.
constexpr int kLooks = 32;
// A new lease pays for itself: it looks at more old ones than it adds.
constexpr int kLooksOfNew = 4;
// A fetch may take longer than its lease: so long at least its fill is still good.
constexpr int64_t kLeastLateMs = 10'000;
// A dozen leases, however little memory there is: without one nobody could fetch what is missing.
constexpr size_t kLeastShareBytes = 4096;
constexpr int64_t kSweepIntervalMs = 100;
constexpr uint64_t kSweepBudgetNs = 200'000;

}  // namespace

// The lease, its place in the table (two pointers, name, value, bucket), and what the allocator rounds up.
size_t Leases::BytesOf(const Lease& lease) {
  constexpr size_t kPlace = 4 * sizeof(void*) + sizeof(Name), kRounding = 32;
  return sizeof(Lease) + kPlace + kRounding + lease.key.size();
}

Lease* Leases::Create(Shard& shard, const storage::Database& database, const storage::Key& key) {
  if (!MakeRoom(shard, database.now_ms())) return nullptr;
  auto owned = std::make_unique<Lease>();
  Lease& lease = *owned;
  lease.database = database.index();
  lease.shard = shard.index;
  lease.key = key.name;
  lease.hash = key.hash;
  shard.leases.emplace(Name{lease.database, lease.key, lease.hash}, std::move(owned));
  shard.order.Append(lease);
  shard.bytes += BytesOf(lease);
  Add(remembered_, 1);
  LowerNextDue(now_ms() + kSweepIntervalMs);
  return &lease;
}

void Leases::Erase(Shard& shard, Lease& lease) {
  if (lease.watched) Invalidated(lease);
  UnlistDue(shard, lease);
  CloseUndelivered(lease);
  SetLeader(lease, nullptr);
  shard.order.Remove(lease);
  shard.bytes -= BytesOf(lease);
  shard.leases.erase({lease.database, lease.key, lease.hash});
  Add(remembered_, static_cast<size_t>(-1));
}

bool Leases::LongEnded(const Lease& lease, int64_t now) const {
  if (lease.waiting != 0 || now < lease.deadline_ms) return false;
  if (!lease.token) return true;  // a back-off has no fill that could still come
  const int64_t lasted_ms = lease.deadline_ms - lease.granted_us / 1000;
  return now - lease.deadline_ms >= std::min(std::max(lasted_ms, kLeastLateMs), settings_.lease_max_ms);
}

void Leases::Forget(Shard& shard, Lease& lease, int64_t unix_ms) {
  if (lease.token && !lease.ended && lease.deadline_ms <= now_ms()) EndTime(shard, lease, unix_ms);
  Erase(shard, lease);
}

size_t Leases::ShareOfShard() const {
  if (settings_.maxmemory_bytes == 0) return SIZE_MAX;
  return std::max<size_t>(settings_.maxmemory_bytes / kShareOfMemory / shards_.size(), kLeastShareBytes);
}

// Bounds what callers can leave behind who never fill: leases that ended long ago go, and at the limit of all
// leases or of their memory the oldest for which nobody waits (its token is then refused, which costs a fetch
// and nothing else).
bool Leases::MakeRoom(Shard& shard, int64_t unix_ms) {
  const size_t most = std::max<size_t>(1, settings_.lease_max_count / shards_.size());
  const size_t share_bytes = ShareOfShard();
  const auto over_share = [&] { return shard.bytes >= share_bytes && !shard.leases.empty(); };
  const int64_t now = now_ms();
  for (int i = 0; i < kLooksOfNew && shard.order.oldest() != nullptr; ++i) {
    Lease& oldest = *shard.order.oldest();
    const bool full = shard.leases.size() >= most || over_share();
    if (!full && !LongEnded(oldest, now)) break;
    if (oldest.waiting == 0) {
      Forget(shard, oldest, unix_ms);
    } else {
      shard.order.Renew(oldest);
    }
  }
  return !over_share();
}

// Goes round the shards and forgets what ended long ago or is too much, in steps of 200 us at most; goes on
// in the next turn as long as every fourth look finds something.
void Leases::Sweep() {
  const int64_t now = now_ms();
  const int64_t due_ms = next_sweep_ms_.load(std::memory_order_relaxed);
  if (empty()) return;
  if (now < due_ms) return LowerNextDue(due_ms);
  const uint64_t start_ns = clock_.monotonic_ns();
  const int64_t unix_ms = clock_.unix_ms();
  const size_t share_bytes = ShareOfShard();
  int looks = 0, forgotten = 0;
  uint32_t index = sweep_shard_.load(std::memory_order_relaxed);
  for (size_t visited = 0; visited < shards_.size() && clock_.monotonic_ns() - start_ns < kSweepBudgetNs;
       ++visited) {
    index = (index + 1) % static_cast<uint32_t>(shards_.size());
    Shard& shard = *shards_[index];
    storage::ShardGuard guard(keyspace_, index);
    const int left = static_cast<int>(std::min<size_t>(kLooks, shard.leases.size()));
    for (int i = 0; i < left; ++i, ++looks) {
      const bool too_much = shard.bytes > share_bytes;
      Lease& lease = too_much ? *shard.order.oldest() : *shard.order.Next();
      if (LongEnded(lease, now) || (too_much && lease.waiting == 0)) {
        Forget(shard, lease, unix_ms);
        ++forgotten;
      } else if (too_much) {
        shard.order.Renew(lease);
      }
    }
  }
  sweep_shard_.store(index, std::memory_order_relaxed);
  const int64_t next_ms = now + (4 * forgotten >= looks && looks > 0 ? 1 : kSweepIntervalMs);
  next_sweep_ms_.store(next_ms, std::memory_order_relaxed);
  if (!empty()) LowerNextDue(next_ms);
}

size_t Leases::bytes() const {
  size_t bytes = 0;
  for (const auto& shard : shards_) bytes += shard->bytes;
  return bytes;
}

}  // namespace corral::lease
