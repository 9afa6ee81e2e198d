// CLIENT subcommands about other connections: LIST, KILL, PAUSE, UNPAUSE, UNBLOCK.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "server/client/client.h"
#include "server/client/registry.h"
#include "server/command/context.h"
#include "server/commands/client/client_commands.h"
#include "server/config/line.h"
#include "server/net/event_loop.h"
#include "server/net/stream.h"
#include "storage/base/ascii.h"
#include "storage/base/number.h"

namespace corral::commands {
namespace {

using client::Client;
using command::Context;

// TYPE's words; a master link does not exist here, so that its list is empty.
enum class TypeFilter { kNormal, kMaster, kReplica, kPubsub };

std::optional<TypeFilter> ParseType(std::string_view word) {
  if (storage::EqualInAnyCase(word, "normal")) return TypeFilter::kNormal;
  if (storage::EqualInAnyCase(word, "master")) return TypeFilter::kMaster;
  if (storage::EqualInAnyCase(word, "slave") || storage::EqualInAnyCase(word, "replica")) {
    return TypeFilter::kReplica;
  }
  if (storage::EqualInAnyCase(word, "pubsub")) return TypeFilter::kPubsub;
  return std::nullopt;
}

bool HasType(const Client& client, TypeFilter type) {
  switch (type) {
    case TypeFilter::kNormal:
      return client.kind() == client::KindOfClient::kNormal;
    case TypeFilter::kReplica:
      return client.kind() == client::KindOfClient::kReplica;
    case TypeFilter::kPubsub:
      return client.kind() == client::KindOfClient::kPubsub;
    case TypeFilter::kMaster:
      return false;
  }
  return false;
}

bool ReadType(Context& ctx, size_t i, std::optional<TypeFilter>* type) {
  *type = ParseType(ctx[i]);
  if (*type) return true;
  ctx.reply.Error(fmt::format("ERR Unknown client type '{}'", ctx[i]));
  return false;
}

struct KillFilter {
  int64_t id = 0;
  std::optional<TypeFilter> type;
  std::string_view address, local_address, user;
  int64_t max_age_s = 0;
  bool skip_me = true;

  bool Matches(const Client& client, int64_t now_ms) const {
    if (id != 0 && client.id != static_cast<uint64_t>(id)) return false;
    if (type && !HasType(client, *type)) return false;
    if (!address.empty() && client.stream().PeerAddress() != address) return false;
    if (!local_address.empty() && client.stream().LocalAddress() != local_address) return false;
    if (!user.empty() && client.session.user != user) return false;
    if (max_age_s != 0 && (now_ms - client.created_ms) / 1000 < max_age_s) return false;
    return true;
  }
};

// One option with its value at i + 1.
bool ReadKillOption(Context& ctx, size_t i, KillFilter* filter) {
  const bool has_value = i + 1 < ctx.size();
  if (!has_value) {
    ctx.ReplySyntaxError();
    return false;
  }
  const std::string_view value = ctx[i + 1];
  if (ctx.Is(i, "ID")) {
    constexpr std::string_view kError = "ERR client-id should be greater than 0";
    return ctx.ReadIntegerInRange(i + 1, 1, INT64_MAX, &filter->id, kError);
  }
  if (ctx.Is(i, "TYPE")) return ReadType(ctx, i + 1, &filter->type);
  if (ctx.Is(i, "MAXAGE")) {
    if (!ctx.ReadInteger(i + 1, &filter->max_age_s, "ERR maxage is not an integer or out of range"))
      return false;
    if (filter->max_age_s > 0) return true;
    ctx.reply.Error("ERR maxage should be greater than 0");
    return false;
  }
  if (ctx.Is(i, "USER")) {
    filter->user = value;
    if (value == "default") return true;
    ctx.reply.Error(fmt::format("ERR No such user '{}'", value));
    return false;
  }
  if (ctx.Is(i, "ADDR")) {
    filter->address = value;
  } else if (ctx.Is(i, "LADDR")) {
    filter->local_address = value;
  } else if (ctx.Is(i, "SKIPME") && (ctx.Is(i + 1, "YES") || ctx.Is(i + 1, "NO"))) {
    filter->skip_me = ctx.Is(i + 1, "YES");
  } else {
    ctx.ReplySyntaxError();
    return false;
  }
  return true;
}

// A client that its worker is about to close does not count any more.
void AppendLine(const Context& ctx, const Client& client, std::string* text) {
  if (client.close_now()) return;
  *text += DescribeFor(ctx, client);
  text->push_back('\n');
}

}  // namespace

std::string DescribeFor(const Context& ctx, const Client& client) {
  client::RunningRequest running;
  if (&client == &ctx.client) {
    running.bytes = fmt::formatted_size("*{}\r\n", ctx.size());
    for (const std::string_view argument : ctx.arguments()) {
      running.bytes += fmt::formatted_size("${}\r\n{}\r\n", argument.size(), argument);
      running.argument_bytes += argument.size();
    }
  }
  return client::Describe(client, ctx.now_ms(), running);
}

// CLIENT KILL ip:port | [ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME
// yes|no] [MAXAGE seconds]
void ClientKill(Context& ctx) {
  const bool old_form = ctx.size() == 3;
  KillFilter filter;
  if (old_form) {
    filter.address = ctx[2];
    filter.skip_me = false;
  } else {
    for (size_t i = 2; i < ctx.size(); i += 2) {
      if (!ReadKillOption(ctx, i, &filter)) return;
    }
  }
  int64_t killed = 0;
  for (Client* client : ctx.services.clients.All()) {
    if (client == &ctx.client && filter.skip_me) continue;
    if (client->close_now() || !filter.Matches(*client, ctx.now_ms())) continue;
    ctx.services.clients.Kill(*client, &ctx.client);
    ++killed;
  }
  if (!old_form) return ctx.reply.Integer(killed);
  if (killed == 0) return ctx.reply.Error("ERR No such client");
  ctx.reply.Ok();
}

// CLIENT LIST [TYPE normal|master|replica|pubsub] [ID client-id [client-id ...]]
void ClientList(Context& ctx) {
  std::string text;
  const client::Registry& clients = ctx.services.clients;
  if (ctx.size() == 4 && ctx.Is(2, "TYPE")) {
    std::optional<TypeFilter> type;
    if (!ReadType(ctx, 3, &type)) return;
    for (const Client* client : clients.All()) {
      if (HasType(*client, *type)) AppendLine(ctx, *client, &text);
    }
  } else if (ctx.size() > 3 && ctx.Is(2, "ID")) {
    for (size_t i = 3; i < ctx.size(); ++i) {
      int64_t id = 0;
      if (!ctx.ReadInteger(i, &id, "ERR Invalid client ID")) return;
      const Client* client = clients.Find(static_cast<uint64_t>(id));
      if (client != nullptr) AppendLine(ctx, *client, &text);
    }
  } else if (ctx.size() == 2) {
    for (const Client* client : clients.All()) AppendLine(ctx, *client, &text);
  } else {
    return ctx.ReplySyntaxError();
  }
  ctx.reply.Verbatim("txt", text);
}

// CLIENT PAUSE timeout [WRITE|ALL]
void ClientPause(Context& ctx) {
  if (ctx.size() > 4) return ctx.ReplySubcommandSyntax();
  client::PauseMode mode = client::PauseMode::kAll;
  if (ctx.size() == 4) {
    if (ctx.Is(3, "WRITE")) {
      mode = client::PauseMode::kWrites;
    } else if (!ctx.Is(3, "ALL")) {
      return ctx.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t timeout_ms = 0;
  if (!ctx.ReadInteger(2, &timeout_ms, "ERR timeout is not an integer or out of range")) return;
  if (timeout_ms < 0) return ctx.reply.Error("ERR timeout is negative");

  const int64_t now_ms = net::EventLoop::MonotonicMs();
  if (timeout_ms > INT64_MAX - now_ms) return ctx.reply.Error("ERR timeout is out of range");
  const int64_t deadline_ms = now_ms + timeout_ms;
  client::Registry& clients = ctx.services.clients;
  const client::PauseMode present = clients.pause_mode();
  if (present == client::PauseMode::kNone) {
    clients.Pause(mode, deadline_ms);
  } else {
    // A second pause never makes the first one weaker or shorter.
    clients.Pause(std::max(present, mode), std::max(clients.pause_deadline_ms(), deadline_ms));
  }
  const int64_t pause_ms = clients.pause_deadline_ms() - now_ms, unix_ms = net::EventLoop::UnixMs();
  ctx.services.keyspace.RestExpiry(pause_ms > INT64_MAX - unix_ms ? INT64_MAX : unix_ms + pause_ms);
  ctx.reply.Ok();
}

// CLIENT UNPAUSE
void ClientUnpause(Context& ctx) {
  ctx.services.keyspace.RestExpiry(0);
  ctx.services.clients.Unpause();
  ctx.reply.Ok();
}

// CLIENT UNBLOCK client-id [TIMEOUT|ERROR]
void ClientUnblock(Context& ctx) {
  if (ctx.size() > 4) return ctx.ReplySubcommandSyntax();
  bool with_error = false;
  if (ctx.size() == 4) {
    with_error = ctx.Is(3, "ERROR");
    if (!with_error && !ctx.Is(3, "TIMEOUT")) {
      return ctx.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  int64_t id = 0;
  if (!ctx.ReadInteger(2, &id)) return;
  client::Registry& clients = ctx.services.clients;
  Client* client = clients.Find(static_cast<uint64_t>(id));
  ctx.reply.Integer(client != nullptr && clients.Unblock(*client, with_error) ? 1 : 0);
}

}  // namespace corral::commands
