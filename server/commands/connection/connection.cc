// Commands of the connection itself: handshake, authentication, selected database, reset, end.
#include <span>
#include <string_view>

#include "server/client/authentication.h"
#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/client_name.h"
#include "server/commands/families.h"
#include "server/config/settings.h"
#include "server/process/version.h"
#include "server/pubsub/hub.h"
#include "server/telemetry/telemetry.h"
#include "server/tracking/tracking.h"
#include "server/transaction/watches.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;
namespace wire = protocol::wire;

constexpr std::string_view kDefaultUser = "default";

// Takes the same time wherever the first difference is.
bool SamePassword(std::string_view given, std::string_view wanted) {
  unsigned difference = given.size() != wanted.size();
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = wanted.empty() ? '\0' : wanted[i % wanted.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

// Logs the client in, or answers why not. Without requirepass the default user takes any password.
bool Authenticate(Context& ctx, std::string_view user, std::string_view password) {
  const std::string& wanted = ctx.services.settings.requirepass;
  if (user != kDefaultUser || (!wanted.empty() && !SamePassword(password, wanted))) {
    ctx.reply.Error(wire::kWrongPass);
    return false;
  }
  ctx.client.session.user = kDefaultUser;
  ctx.client.session.authenticated = true;
  return true;
}

// AUTH [username] password
void Auth(Context& ctx) {
  if (ctx.size() > 3) return ctx.ReplySyntaxError();
  if (ctx.size() == 2 && ctx.services.settings.requirepass.empty()) {
    return ctx.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?");
  }
  const std::string_view user = ctx.size() == 3 ? ctx[1] : kDefaultUser;
  if (Authenticate(ctx, user, ctx[ctx.size() - 1])) ctx.reply.Ok();
}

struct HelloOptions {
  int64_t protocol = 0;  // 0: as it is
  bool authenticate = false, set_name = false;
  std::string_view user, password, name;
};

bool ReadHello(Context& ctx, HelloOptions* options) {
  if (ctx.size() >= 2) {
    if (!ctx.ReadInteger(1, &options->protocol, "ERR Protocol version is not an integer or out of range")) {
      return false;
    }
    if (options->protocol < 2 || options->protocol > 3) {
      ctx.reply.Error(wire::kNoProto);
      return false;
    }
  }
  for (size_t i = 2; i < ctx.size(); ++i) {
    const size_t more = ctx.size() - 1 - i;
    if (ctx.Is(i, "AUTH") && more >= 2) {
      options->authenticate = true;
      options->user = ctx[i + 1];
      options->password = ctx[i + 2];
      i += 2;
    } else if (ctx.Is(i, "SETNAME") && more >= 1) {
      options->set_name = true;
      options->name = ctx[++i];
      if (!IsClientName(options->name)) {
        ctx.reply.Error(kBadClientName);
        return false;
      }
    } else {
      ctx.reply.Error("ERR Syntax error in HELLO option '" + std::string(ctx[i]) + "'");
      return false;
    }
  }
  return true;
}

// HELLO [protover [AUTH username password] [SETNAME clientname]]
void Hello(Context& ctx) {
  HelloOptions options;
  if (!ReadHello(ctx, &options)) return;
  client::Client& client = ctx.client;
  protocol::ReplyWriter& reply = ctx.reply;
  if (options.authenticate && !Authenticate(ctx, options.user, options.password)) return;
  if (client::MustAuthenticate(client, ctx.services.settings)) {
    return reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
  }
  if (options.set_name) client.session.name = options.name;
  if (options.protocol != 0) {
    client.reply.set_version(options.protocol == 3 ? protocol::Version::kResp3 : protocol::Version::kResp2);
    reply.set_version(client.reply.version());
  }
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(process::kCompatibleVersion);
  reply.Bulk("proto");
  reply.Integer(static_cast<int64_t>(reply.version()));
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(client.id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
}

// SELECT index
void Select(Context& ctx) {
  int64_t index = 0;
  if (!ctx.ReadInteger(1, &index)) return;
  // The range of Redis's int, whose bounds a client may see.
  if (index < INT32_MIN || index > INT32_MAX) {
    return ctx.reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (index < 0 || index >= ctx.services.keyspace.databases()) return ctx.reply.Error(wire::kDbIndex);
  ctx.client.session.database = static_cast<int>(index);
  ctx.reply.Ok();
}

// PING [message]
void Ping(Context& ctx) {
  if (ctx.size() > 2) return ctx.reply.Error(wire::WrongArity("ping"));
  if (ctx.client.subscriptions && ctx.reply.version() == protocol::Version::kResp2) {
    ctx.reply.Array(2);
    ctx.reply.Bulk("pong");
    return ctx.reply.Bulk(ctx.size() == 2 ? ctx[1] : std::string_view());
  }
  if (ctx.size() == 2) return ctx.reply.Bulk(ctx[1]);
  ctx.reply.Simple("PONG");
}

// ECHO message
void Echo(Context& ctx) { ctx.reply.Bulk(ctx[1]); }

// QUIT
void Quit(Context& ctx) {
  ctx.reply.Ok();
  ctx.client.CloseAfterReply();
}

// RESET
void Reset(Context& ctx) {
  client::Client& client = ctx.client;
  client.transaction.reset();
  ctx.services.watches.Forget(client);
  if (client.session.monitor) ctx.services.telemetry.monitors.fetch_sub(1, std::memory_order_relaxed);
  ctx.services.pubsub.Leave(client);
  ctx.services.tracking.Disable(client);
  client.session = {};
  client.session.authenticated = ctx.services.settings.requirepass.empty();
  client.reply.set_version(protocol::Version::kResp2);
  ctx.reply.set_version(protocol::Version::kResp2);
  ctx.reply.Simple("RESET");
}

constexpr std::string_view kPingTips[] = {"request_policy:all_shards", "response_policy:all_succeeded"};

// What runs at any time, before a login too.
constexpr uint32_t kHandshake = command::kNoScript | command::kLoading | command::kStale | command::kFast |
                                command::kNoAuth | command::kAllowBusy;

constexpr CommandSpec kRows[] = {
    {.name = "auth",
     .arity = -2,
     .flags = kHandshake,
     .categories = command::kCatConnection,
     .handler = Auth,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of passwords defined for the user",
     .summary = "Logs the connection in.",
     .syntax = "[username] password"},
    {.name = "echo",
     .arity = 2,
     .flags = command::kLoading | command::kStale | command::kFast,
     .categories = command::kCatConnection,
     .handler = Echo,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers its argument.",
     .syntax = "message"},
    {.name = "hello",
     .arity = -1,
     .flags = kHandshake,
     .categories = command::kCatConnection,
     .handler = Hello,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Agrees on the protocol version; may log in and name the connection at once.",
     .syntax = "arguments=[protover [AUTH username password] [SETNAME clientname]]"},
    {.name = "ping",
     .arity = -1,
     .flags = command::kFast | command::kWhileSubscribed,
     .categories = command::kCatConnection,
     .handler = Ping,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers PONG, or its argument.",
     .syntax = "[message]",
     .tips = kPingTips},
    {.name = "quit",
     .arity = -1,
     .flags = kHandshake | command::kWhileSubscribed | command::kRunsInMulti,
     .categories = command::kCatConnection,
     .handler = Quit,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Closes the connection after the replies that are due.",
     .syntax = "",
     .deprecated_since = "7.2.0",
     .replaced_by = "just closing the connection"},
    {.name = "reset",
     .arity = 1,
     .flags = kHandshake | command::kWhileSubscribed | command::kRunsInMulti,
     .categories = command::kCatConnection,
     .handler = Reset,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Puts the connection back into the state of a new one.",
     .syntax = ""},
    {.name = "select",
     .arity = 2,
     .flags = command::kLoading | command::kStale | command::kFast,
     .categories = command::kCatConnection,
     .handler = Select,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Changes the database that the connection's commands work on.",
     .syntax = "index"},
};

}  // namespace

std::span<const CommandSpec> ConnectionCommands() { return kRows; }

}  // namespace corral::commands
