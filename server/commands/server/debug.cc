// DEBUG: the list of its subcommands, and who may use them.
#include <string_view>

#include "server/client/client.h"
#include "server/command/context.h"
#include "server/commands/client_address.h"
#include "server/commands/families.h"
#include "server/commands/server/debug_handlers.h"
#include "server/config/settings.h"

namespace corral::commands {
namespace {

using command::CommandSpec;
using command::Context;

void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "ASSERT",
      "    Crash as a failed assertion does.",
      "CHANGE-REPL-ID",
      "    Draw a new replication ID.",
      "CONFIG-REWRITE-FORCE-ALL",
      "    Write all directives into the configuration file, those with their default as well.",
      "DIGEST",
      "    Answer a fingerprint of all keys and values.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Answer a fingerprint of each of these values.",
      "ERROR <string>",
      "    Answer an error with this text.",
      "HTSTATS <dbid>",
      "    Answer statistics of the tables of a database.",
      "HTSTATS-KEY <key>",
      "    The same for a value that is a hash table.",
      "LISTPACK <key>",
      "    Write the elements of a value that is a listpack to the standard output.",
      "LOG <message>",
      "    Write a line into the log.",
      "MALLCTL <key> [<val>]",
      "    Answer, and change, a number among the allocator's variables.",
      "MALLCTL-STR <key> [<val>]",
      "    Answer, and change, a text among the allocator's variables.",
      "OBJECT <key>",
      "    Describe how a value is stored.",
      "OOM",
      "    Crash as a failed allocation does.",
      "PANIC",
      "    Crash as a panic does.",
      "PAUSE-CRON <0|1>",
      "    Hold back what is done periodically, a shutdown by signal included.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create strings named key:<num>, or <prefix>:<num>, where there are none.",
      "PROTOCOL <type>",
      "    Answer a value of this type: string, integer, double, bignum, null, array, set,",
      "    map, attrib, push, verbatim, true, false.",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    From which size on an element of a list has a node of its own; 0: as the limit of its nodes says.",
      "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>",
      "    How long CLIENT LIST's rbp remembers the most that a client was owed at once.",
      "REPLYBUFFER RESIZING <0|1>",
      "    Whether buffers of replies that are kept for later are freed when memory is short.",
      "SEGFAULT",
      "    Crash with a segmentation fault.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Whether expired keys are removed before anybody asks for them.",
      "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
      "    Whether RESTORE believes a payload without its checksum.",
      "SLEEP <seconds>",
      "    Stand still for <seconds>. Decimals are allowed.",
      "STRINGMATCH-LEN <pattern> <string>",
      "    Answer 1 if the glob-like pattern matches, else 0.",
      "STRINGMATCH-TEST",
      "    Match random patterns.",
      "STRUCTSIZE",
      "    Answer the sizes of some structures.",
  };
  ctx.ReplyHelp(kLines);
}

struct Subcommand {
  std::string_view name;
  size_t least, most;  // arguments behind the name
  command::Handler handler;
};

constexpr size_t kAnyNumber = SIZE_MAX;

constexpr Subcommand kSubcommands[] = {
    {"ASSERT", 0, 0, DebugAssert},
    {"CHANGE-REPL-ID", 0, 0, DebugChangeReplId},
    {"CONFIG-REWRITE-FORCE-ALL", 0, 0, DebugRewriteConfig},
    {"DIGEST", 0, 0, DebugDigest},
    {"DIGEST-VALUE", 0, kAnyNumber, DebugDigestValue},
    {"ERROR", 1, 1, DebugError},
    {"HELP", 0, 0, Help},
    {"HTSTATS", 1, 1, DebugHtstats},
    {"HTSTATS-KEY", 1, 1, DebugHtstatsKey},
    {"LISTPACK", 1, 1, DebugListpack},
    {"LOG", 1, 1, DebugLog},
    {"MALLCTL", 1, 2, DebugMallctl},
    {"MALLCTL-STR", 1, 2, DebugMallctlString},
    {"OBJECT", 1, 1, DebugObject},
    {"OOM", 0, 0, DebugOom},
    {"PANIC", 0, 0, DebugPanic},
    {"PAUSE-CRON", 1, 1, DebugPauseCron},
    {"POPULATE", 1, 3, DebugPopulate},
    {"PROTOCOL", 1, 1, DebugProtocol},
    {"QUICKLIST-PACKED-THRESHOLD", 1, 1, DebugPackedThreshold},
    {"REPLYBUFFER", 2, 2, DebugReplyBuffer},
    {"SEGFAULT", 0, 0, DebugSegfault},
    {"SET-ACTIVE-EXPIRE", 1, 1, DebugSetActiveExpire},
    {"SET-SKIP-CHECKSUM-VALIDATION", 1, 1, DebugSkipChecksum},
    {"SLEEP", 1, 1, DebugSleep},
    {"STRINGMATCH-LEN", 2, 2, DebugStringMatch},
    {"STRINGMATCH-TEST", 0, 0, DebugStringMatchTest},
    {"STRUCTSIZE", 0, 0, DebugStructSize},
};

bool Allowed(const Context& ctx) {
  switch (ctx.services.settings.enable_debug_command) {
    case config::AllowedFor::kEverybody:
      return true;
    case config::AllowedFor::kLocal:
      return IsLocal(ctx.client);
    case config::AllowedFor::kNobody:
      return false;
  }
  return false;
}

// DEBUG subcommand [argument [argument ...]]
void Debug(Context& ctx) {
  if (!Allowed(ctx)) {
    return ctx.reply.Error(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.");
  }
  const size_t arguments = ctx.size() - 2;
  for (const Subcommand& subcommand : kSubcommands) {
    if (!ctx.Is(1, subcommand.name)) continue;
    if (arguments >= subcommand.least && arguments <= subcommand.most) return subcommand.handler(ctx);
  }
  ctx.ReplySubcommandSyntax();
}

constexpr CommandSpec kRows[] = {{.name = "debug",
                                  .arity = -2,
                                  .flags = command::kAdmin | command::kNoScript | command::kLoading |
                                           command::kStale | command::kExclusive,
                                  .handler = Debug,
                                  .group = "server",
                                  .since = "1.0.0",
                                  .complexity = "Depends on subcommand.",
                                  .summary = "A container for commands for tests and repairs.",
                                  .syntax = ""}};

}  // namespace

std::span<const CommandSpec> DebugCommands() { return kRows; }

}  // namespace corral::commands
