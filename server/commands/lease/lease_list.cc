#include "server/commands/lease/lease_list.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "server/lease/leases.h"
#include "storage/base/glob.h"

namespace corral::commands {
namespace {

using command::Context;

constexpr int64_t kListed = 100;

// "held", "late" (its time ended, the token is still good) or "backoff".
std::string_view StateOf(const lease::Lease& lease, int64_t now_ms) {
  if (!lease.token) return "backoff";
  return now_ms < lease.deadline_ms ? "held" : "late";
}

void ReplyLease(Context& ctx, const lease::Lease& lease) {
  const int64_t now_ms = ctx.services.leases.now_ms();
  protocol::ReplyWriter& reply = ctx.reply;
  reply.Map(6);
  reply.Bulk("key");
  reply.Bulk(std::string_view(lease.key));
  reply.Bulk("state");
  reply.Bulk(StateOf(lease, now_ms));
  reply.Bulk("left-ms");
  reply.Integer(std::max<int64_t>(0, lease.deadline_ms - now_ms));
  reply.Bulk("age-ms");
  reply.Integer(now_ms - lease.granted_us / 1000);
  reply.Bulk("waiting");
  reply.Integer(static_cast<int64_t>(lease.waiting));
  reply.Bulk("leader");
  if (lease.leader != nullptr) {
    reply.Integer(static_cast<int64_t>(lease.leader->client_id));
  } else {
    reply.Null();
  }
}

}  // namespace

// LEASE LIST [MATCH pattern] [COUNT count]
void ListLeases(Context& ctx) {
  size_t pattern = 0, limit = 0;
  for (size_t i = 2; i < ctx.size(); i += 2) {
    size_t* taken = ctx.Is(i, "MATCH") ? &pattern : ctx.Is(i, "COUNT") ? &limit : nullptr;
    if (taken == nullptr || i + 1 == ctx.size() || std::exchange(*taken, i + 1) != 0)
      return ctx.ReplySyntaxError();
  }
  int64_t count = kListed;
  if (limit != 0 && !ctx.ReadInteger(limit, &count)) return;
  if (count < 1) return ctx.ReplySyntaxError();
  std::vector<const lease::Lease*> found;
  ctx.services.leases.ForEach([&](const lease::Lease& lease) {
    const bool wanted = lease.database == ctx.db.index() &&
                        (lease.token || lease.deadline_ms > ctx.services.leases.now_ms()) &&
                        (pattern == 0 || storage::GlobMatch(ctx[pattern], lease.key));
    if (wanted) found.push_back(&lease);
  });
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  if (found.size() > static_cast<size_t>(count)) found.resize(static_cast<size_t>(count));
  ctx.reply.Array(found.size());
  for (const lease::Lease* lease : found) ReplyLease(ctx, *lease);
}

// LEASE INFO key
void DescribeLease(Context& ctx) {
  const lease::Leases& leases = ctx.services.leases;
  const lease::Lease* lease = leases.Find(ctx.db.index(), ctx.Key(2));
  if (lease == nullptr || (!lease->token && lease->deadline_ms <= leases.now_ms())) return ctx.reply.Null();
  ReplyLease(ctx, *lease);
}

// LEASE HELP
void ReplyLeaseHelp(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "INFO <key>",
      "    Describe the lease of a key: its state (held, late or backoff), what is left of it,",
      "    its age, how many callers wait, and the id of the client that leads it.",
      "LIST [MATCH <pattern>] [COUNT <count>]",
      "    Describe the leases of the database in order of their keys, 100 unless told.",
  };
  ctx.ReplyHelp(kLines);
}

}  // namespace corral::commands
