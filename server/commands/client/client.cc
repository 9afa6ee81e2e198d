// CLIENT: what a connection asks and says about itself, and the family's rows.
#include "server/client/client.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "server/command/context.h"
#include "server/commands/client/client_commands.h"
#include "server/commands/client_name.h"
#include "server/commands/families.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

// CLIENT GETNAME
void GetName(Context& ctx) {
  if (ctx.client.session.name.empty()) return ctx.reply.Null();
  ctx.reply.Bulk(ctx.client.session.name);
}

// CLIENT HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CACHING (YES|NO)",
      "    Track the keys of the next command (OPTIN), or do not (OPTOUT).",
      "GETNAME",
      "    Answer the name of this connection.",
      "GETREDIR",
      "    Answer the ID of the client that gets this connection's invalidation messages.",
      "ID",
      "    Answer the ID of this connection.",
      "INFO",
      "    Describe this connection.",
      "KILL <ip:port>",
      "    Close the connection from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Close all connections that match every option:",
      "    * ADDR (<ip:port>|<unixsocket>:0)",
      "      made from this address",
      "    * ID <client-id>",
      "      with this ID",
      "    * LADDR (<ip:port>|<unixsocket>:0)",
      "      made to this local address",
      "    * MAXAGE <seconds>",
      "      open for at least that long",
      "    * SKIPME (YES|NO)",
      "      whether to spare this connection (default: yes)",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      of this type",
      "    * USER <username>",
      "      logged in as this user",
      "LIST [options ...]",
      "    Describe the connections, one a line. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      only those of this type",
      "    * ID <client-id> [<client-id> ...]",
      "      only these",
      "NO-EVICT (ON|OFF)",
      "    Spare this connection when clients are closed to save memory.",
      "NO-TOUCH (ON|OFF)",
      "    Commands of this connection do not count as uses of their keys.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Hold back all clients' commands, or writes only, for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Turn this connection's replies on or off, or skip the next one.",
      "SETINFO <option> <value>",
      "    Note what the client is. Options:",
      "    * LIB-NAME: the name of its library",
      "    * LIB-VER: the version of its library",
      "SETNAME <name>",
      "    Name this connection.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
      "         [OPTIN] [OPTOUT] [NOLOOP]",
      "    Tell this connection, or the one with <id>, which keys of its cache are stale.",
      "TRACKINGINFO",
      "    Answer how this connection uses tracking.",
      "UNBLOCK <clientid> [TIMEOUT|ERROR]",
      "    End the wait of a client in a blocking command.",
      "UNPAUSE",
      "    End CLIENT PAUSE at once.",
  };
  ctx.ReplyHelp(kLines);
}

// CLIENT ID
void Id(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(ctx.client.id)); }

// CLIENT INFO
void Info(Context& ctx) { ctx.reply.Verbatim("txt", DescribeFor(ctx, ctx.client) + "\n"); }

// Reads ON or OFF into `flag`.
void SetFlag(Context& ctx, bool* flag) {
  if (!ctx.Is(2, "ON") && !ctx.Is(2, "OFF")) return ctx.ReplySyntaxError();
  *flag = ctx.Is(2, "ON");
  ctx.reply.Ok();
}

// CLIENT NO-EVICT ON|OFF
void NoEvict(Context& ctx) { SetFlag(ctx, &ctx.client.session.no_evict); }

// CLIENT NO-TOUCH ON|OFF
void NoTouch(Context& ctx) { SetFlag(ctx, &ctx.client.session.no_touch); }

// CLIENT REPLY ON|OFF|SKIP
void Reply(Context& ctx) {
  client::ReplyMode& mode = ctx.client.session.reply_mode;
  if (ctx.Is(2, "ON")) {
    mode = client::ReplyMode::kOn;
    ctx.reply.Ok();
  } else if (ctx.Is(2, "OFF")) {
    mode = client::ReplyMode::kOff;
  } else if (ctx.Is(2, "SKIP")) {
    if (mode != client::ReplyMode::kOff) mode = client::ReplyMode::kSkipNext;
  } else {
    ctx.ReplySyntaxError();
  }
}

// CLIENT SETINFO LIB-NAME libname | LIB-VER libver
void SetInfo(Context& ctx) {
  client::Client& client = ctx.client;
  const bool name = ctx.Is(2, "LIB-NAME");
  if (!name && !ctx.Is(2, "LIB-VER")) {
    return ctx.reply.Error(fmt::format("ERR Unrecognized option '{}'", ctx[2]));
  }
  if (!IsClientName(ctx[3])) {
    return ctx.reply.Error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", ctx[2]));
  }
  (name ? client.library_name : client.library_version) = ctx[3];
  ctx.reply.Ok();
}

// CLIENT SETNAME connection-name
void SetName(Context& ctx) {
  if (!IsClientName(ctx[2])) return ctx.reply.Error(kBadClientName);
  ctx.client.session.name = ctx[2];
  ctx.reply.Ok();
}

constexpr uint32_t kHelp = command::kLoading | command::kStale;
constexpr uint32_t kOwn = command::kNoScript | command::kLoading | command::kStale;
constexpr uint32_t kOthers = command::kAdmin | kOwn | command::kExclusive;

constexpr CommandSpec Row(std::string_view name, int arity, uint32_t flags, command::Handler handler,
                          std::string_view since, std::string_view complexity, std::string_view summary,
                          std::string_view syntax, std::span<const std::string_view> tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .categories = command::kCatConnection,
          .handler = handler,
          .group = "connection",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr std::string_view kChanging[] = {"nondeterministic_output"};
constexpr std::string_view kEveryNode[] = {"request_policy:all_nodes", "response_policy:all_succeeded"};

constexpr CommandSpec kSubcommands[] = {
    Row("caching", 3, kOwn, ClientCaching, "6.0.0", "O(1)",
        "Says whether the keys of the next command are tracked.", "mode=<YES | NO>"),
    Row("getname", 2, kOwn, GetName, "2.6.9", "O(1)", "Answers the connection's name.", ""),
    Row("getredir", 2, kOwn, ClientGetRedir, "6.0.0", "O(1)",
        "Answers the ID of the client that gets the connection's invalidation messages.", ""),
    Row("help", 2, kHelp, Help, "5.0.0", "O(1)", "Describes the subcommands.", ""),
    Row("id", 2, kOwn, Id, "5.0.0", "O(1)", "Answers the connection's ID.", ""),
    Row("info", 2, kOwn, Info, "6.2.0", "O(1)", "Describes the connection.", "", kChanging),
    Row("kill", -3, kOthers, ClientKill, "2.4.0", "O(N) where N is the number of client connections",
        "Closes connections.",
        "filter=<ip:port | new-format=<[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | [MAXAGE maxage]> [...]>"),
    Row("list", -2, kOthers, ClientList, "2.4.0", "O(N) where N is the number of client connections",
        "Describes the connections.",
        "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]", kChanging),
    Row("no-evict", 3, command::kAdmin | kOwn, NoEvict, "7.0.0", "O(1)",
        "Spares the connection when clients are closed to save memory.", "enabled=<ON | OFF>"),
    Row("no-touch", 3, kOwn, NoTouch, "7.2.0", "O(1)",
        "Keeps the connection's commands from counting as uses of their keys.", "enabled=<ON | OFF>"),
    Row("pause", -3, kOthers, ClientPause, "2.9.50", "O(1)", "Holds back the commands of all clients.",
        "timeout mode=[WRITE | ALL]"),
    Row("reply", 3, kOwn, Reply, "3.2.0", "O(1)", "Turns the connection's replies on or off.",
        "<ON | OFF | SKIP>"),
    Row("setinfo", 4, kOwn, SetInfo, "7.2.0", "O(1)", "Notes the library that the client uses.",
        "<LIB-NAME libname | LIB-VER libver>", kEveryNode),
    Row("setname", 3, kOwn, SetName, "2.6.9", "O(1)", "Names the connection.", "connection-name"),
    Row("tracking", -3, kOwn, ClientTracking, "6.0.0",
        "O(1). Some options may introduce additional complexity.",
        "Turns the invalidation messages for the client's in-process cache on or off.",
        "status=<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"),
    Row("trackinginfo", 2, kOwn, ClientTrackingInfo, "6.2.0", "O(1)",
        "Answers how the connection uses tracking.", ""),
    Row("unblock", -3, kOthers, ClientUnblock, "5.0.0",
        "O(log N) where N is the number of client connections",
        "Ends the wait of a client in a blocking command.", "client-id [TIMEOUT | ERROR]"),
    Row("unpause", 2, kOthers, ClientUnpause, "6.2.0", "O(N) Where N is the number of paused clients",
        "Ends CLIENT PAUSE.", ""),
};

constexpr CommandSpec kRows[] = {{.name = "client",
                                  .arity = -2,
                                  .group = "connection",
                                  .since = "2.4.0",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands about connections.",
                                  .syntax = "",
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> ClientCommands() { return kRows; }

}  // namespace corral::commands
