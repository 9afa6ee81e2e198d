// CLIENT subcommands of tracking: what the connection wants to be told about its in-process cache.
#include <fmt/format.h>

#include <iterator>
#include <set>
#include <string_view>
#include <vector>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/commands/client/client_commands.h"
#include "server/tracking/tracking.h"

namespace corral::commands {
namespace {

using client::TrackingMode;
using command::Context;

const TrackingMode& ModeOf(const client::Client& client) {
  static const TrackingMode kOff;
  return client.tracking ? *client.tracking : kOff;
}

bool ReadRedirect(Context& ctx, size_t i, tracking::Wish* wish) {
  int64_t id = 0;
  if (wish->redirect_id != 0) {
    ctx.reply.Error("ERR A client can only redirect to a single other client");
    return false;
  }
  if (!ctx.ReadInteger(i, &id)) return false;
  wish->redirect_id = static_cast<uint64_t>(id);
  wish->redirect_owner = ctx.services.clients.OwnerOf(wish->redirect_id);
  if (wish->redirect_owner != nullptr) return true;
  ctx.reply.Error("ERR The client ID you want redirect to does not exist");
  return false;
}

bool ReadWish(Context& ctx, tracking::Wish* wish) {
  for (size_t i = 3; i < ctx.size(); ++i) {
    const bool more = i + 1 < ctx.size();
    if (ctx.Is(i, "REDIRECT") && more) {
      if (!ReadRedirect(ctx, ++i, wish)) return false;
    } else if (ctx.Is(i, "BCAST")) {
      wish->broadcast = true;
    } else if (ctx.Is(i, "OPTIN")) {
      wish->opt_in = true;
    } else if (ctx.Is(i, "OPTOUT")) {
      wish->opt_out = true;
    } else if (ctx.Is(i, "NOLOOP")) {
      wish->no_loop = true;
    } else if (ctx.Is(i, "PREFIX") && more) {
      wish->prefixes.push_back(ctx[++i]);
    } else {
      ctx.ReplySyntaxError();
      return false;
    }
  }
  return true;
}

bool Overlap(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// Of `texts`, none of which is a prefix of another: the one that overlaps with `text`, or the end.
template <class Texts>
auto FindOverlap(const Texts& texts, std::string_view text) {
  auto behind = texts.upper_bound(text);
  // A prefix of it sorts before it, and nothing that begins differently lies between.
  if (behind != texts.begin() && text.starts_with(*std::prev(behind))) return std::prev(behind);
  if (behind != texts.end() && !behind->starts_with(text)) behind = texts.end();
  return behind;
}

// The first that overlaps with a later one, or their number. O(n log n).
size_t FirstOverlapping(const std::vector<std::string_view>& prefixes) {
  std::set<std::string_view> shortest;  // of the later ones, those of which none is a prefix
  size_t first = prefixes.size();
  for (size_t i = prefixes.size(); i-- > 0;) {
    auto other = FindOverlap(shortest, prefixes[i]);
    if (other != shortest.end()) first = i;
    const bool longer = other != shortest.end() && prefixes[i].starts_with(*other);
    if (longer) continue;
    while (other != shortest.end() && other->starts_with(prefixes[i])) other = shortest.erase(other);
    shortest.insert(prefixes[i]);
  }
  return first;
}

// Prefixes of one connection must not overlap: it would be told about a key twice.
bool PrefixesFit(Context& ctx, const TrackingMode& mode, const std::vector<std::string_view>& prefixes) {
  constexpr std::string_view kRule = "Prefixes for a single client must not overlap.";
  const size_t first = FirstOverlapping(prefixes);
  for (size_t i = 0; i < prefixes.size() && i <= first; ++i) {
    const auto present = FindOverlap(mode.prefixes, prefixes[i]);
    if (present == mode.prefixes.end()) continue;
    ctx.reply.Error(fmt::format("ERR Prefix '{}' overlaps with an existing prefix '{}'. {}", prefixes[i],
                                *present, kRule));
    return false;
  }
  if (first == prefixes.size()) return true;
  size_t other = first + 1;
  while (!Overlap(prefixes[first], prefixes[other])) ++other;
  ctx.reply.Error(fmt::format("ERR Prefix '{}' overlaps with another provided prefix '{}'. {}",
                              prefixes[first], prefixes[other], kRule));
  return false;
}

// What is wrong with the wish in the present mode; empty: nothing.
std::string_view Contradiction(const TrackingMode& mode, const tracking::Wish& wish) {
  if (!wish.broadcast && !wish.prefixes.empty()) return "ERR PREFIX option requires BCAST mode to be enabled";
  if (mode.on && mode.broadcast != wish.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
  }
  if (wish.broadcast && (wish.opt_in || wish.opt_out))
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  if (wish.opt_in && wish.opt_out) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if ((wish.opt_in && mode.opt_out) || (wish.opt_out && mode.opt_in)) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
  }
  return {};
}

}  // namespace

// CLIENT TRACKING ON|OFF [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT]
// [NOLOOP]
void ClientTracking(Context& ctx) {
  tracking::Wish wish;
  if (!ReadWish(ctx, &wish)) return;
  if (ctx.Is(2, "ON")) {
    const TrackingMode& mode = ModeOf(ctx.client);
    if (std::string_view error = Contradiction(mode, wish); !error.empty()) return ctx.reply.Error(error);
    if (!PrefixesFit(ctx, mode, wish.prefixes)) return;
    ctx.services.tracking.Enable(ctx.client, wish);
  } else if (ctx.Is(2, "OFF")) {
    ctx.services.tracking.Disable(ctx.client);
  } else {
    return ctx.ReplySyntaxError();
  }
  ctx.reply.Ok();
}

// CLIENT CACHING YES|NO
void ClientCaching(Context& ctx) {
  const TrackingMode& mode = ModeOf(ctx.client);
  if (!mode.on) {
    return ctx.reply.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
  }
  if (ctx.Is(2, "YES")) {
    if (!mode.opt_in) {
      return ctx.reply.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
  } else if (ctx.Is(2, "NO")) {
    if (!mode.opt_out) {
      return ctx.reply.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
  } else {
    return ctx.ReplySyntaxError();
  }
  ctx.client.tracking->caching = true;
  ctx.reply.Ok();
}

// CLIENT GETREDIR
void ClientGetRedir(Context& ctx) {
  const TrackingMode& mode = ModeOf(ctx.client);
  ctx.reply.Integer(mode.on ? static_cast<int64_t>(mode.redirect_id) : -1);
}

// CLIENT TRACKINGINFO
void ClientTrackingInfo(Context& ctx) {
  const TrackingMode& mode = ModeOf(ctx.client);
  std::vector<std::string_view> flags{mode.on ? "on" : "off"};
  if (mode.broadcast) flags.push_back("bcast");
  if (mode.opt_in) flags.push_back("optin");
  if (mode.opt_in && mode.caching) flags.push_back("caching-yes");
  if (mode.opt_out) flags.push_back("optout");
  if (mode.opt_out && mode.caching) flags.push_back("caching-no");
  if (mode.no_loop) flags.push_back("noloop");
  if (mode.broken_redirect) flags.push_back("broken_redirect");
  protocol::ReplyWriter& reply = ctx.reply;
  reply.Map(3);
  reply.Bulk("flags");
  reply.Set(flags.size());
  for (std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("redirect");
  reply.Integer(mode.on ? static_cast<int64_t>(mode.redirect_id) : -1);
  reply.Bulk("prefixes");
  reply.Array(mode.prefixes.size());
  for (const std::string& prefix : mode.prefixes) reply.Bulk(prefix);
}

}  // namespace corral::commands
