// COMMAND: what the daemon says about its own commands, all of it read from the rows.
#include <algorithm>
#include <string_view>
#include <vector>

#include "server/command/context.h"
#include "server/commands/command/command_docs.h"
#include "server/commands/command_name.h"
#include "server/commands/families.h"
#include "storage/base/glob.h"

namespace corral::commands {
namespace {

using command::Command;
using command::CommandSpec;
using command::Context;

void ReplyAll(Context& ctx) {
  const auto& all = ctx.services.commands.top_level();
  ctx.reply.Array(all.size());
  for (const Command* command : all) ReplyCommandInfo(ctx.reply, *command);
}

// COMMAND
void All(Context& ctx) { ReplyAll(ctx); }

// COMMAND COUNT
void Count(Context& ctx) {
  ctx.reply.Integer(static_cast<int64_t>(ctx.services.commands.top_level().size()));
}

// COMMAND DOCS [command-name [command-name ...]]
void Docs(Context& ctx) {
  std::vector<const Command*> wanted;
  if (ctx.size() == 2) {
    wanted = ctx.services.commands.top_level();
  } else {
    for (size_t i = 2; i < ctx.size(); ++i) {
      const Command* command = FindByFullName(ctx.services.commands, ctx[i]);
      if (command != nullptr) wanted.push_back(command);
    }
  }
  ctx.reply.Map(wanted.size());
  for (const Command* command : wanted) {
    ctx.reply.Bulk(command->name);
    ReplyCommandDocs(ctx.reply, *command);
  }
}

// Channels stand where keys would, but are not keys.
bool NamesKeys(const CommandSpec& spec) {
  return std::ranges::any_of(
      spec.keys, [](const command::KeySpec& keys) { return (keys.flags & command::kKeyNotKey) == 0; });
}

// Finds the keys of the command line behind COMMAND GETKEYS; false when the client got an error, or no keys.
bool FindKeysOfLine(Context& ctx, std::vector<command::KeyPosition>* keys) {
  const std::span<const std::string_view> line = ctx.arguments().subspan(2);
  const Command* command = ctx.services.commands.Find(line[0]);
  if (command != nullptr && !command->subcommands.empty() && line.size() > 1)
    command = command->Subcommand(line[1]);
  if (command == nullptr) {
    ctx.reply.Error("ERR Invalid command specified");
  } else if (!NamesKeys(*command->spec)) {
    ctx.reply.Error("ERR The command has no key arguments");
  } else if (!command->TakesArguments(line.size())) {
    ctx.reply.Error("ERR Invalid number of arguments specified for command");
  } else if (!command::FindKeys(*command, line, keys) || keys->empty()) {
    if (command->Is(command::kNoMandatoryKeys)) {
      ctx.reply.Array(0);
    } else {
      ctx.reply.Error("ERR Invalid arguments specified for command");
    }
  } else {
    return true;
  }
  return false;
}

// COMMAND GETKEYS command [arg [arg ...]]
void GetKeys(Context& ctx) {
  std::vector<command::KeyPosition> keys;
  if (!FindKeysOfLine(ctx, &keys)) return;
  ctx.reply.Array(keys.size());
  for (const command::KeyPosition& key : keys) ctx.reply.Bulk(ctx[key.index + 2]);
}

// COMMAND GETKEYSANDFLAGS command [arg [arg ...]]
void GetKeysAndFlags(Context& ctx) {
  std::vector<command::KeyPosition> keys;
  if (!FindKeysOfLine(ctx, &keys)) return;
  ctx.reply.Array(keys.size());
  for (const command::KeyPosition& key : keys) {
    ctx.reply.Array(2);
    ctx.reply.Bulk(ctx[key.index + 2]);
    ReplyKeyFlags(ctx.reply, key.flags);
  }
}

// COMMAND HELP
void Help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "(no subcommand)",
      "    Describe all commands, as INFO does.",
      "COUNT",
      "    Answer the number of commands.",
      "DOCS [<command-name> ...]",
      "    Document these commands, or all.",
      "GETKEYS <full-command>",
      "    Answer the keys of a command line.",
      "GETKEYSANDFLAGS <full-command>",
      "    Answer the keys of a command line with what is done to them.",
      "INFO [<command-name> ...]",
      "    Describe these commands, or all.",
      "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
      "    Answer the names of all commands, or of those that pass the filter.",
  };
  ctx.ReplyHelp(kLines);
}

// COMMAND INFO [command-name [command-name ...]]
void Info(Context& ctx) {
  if (ctx.size() == 2) return ReplyAll(ctx);
  ctx.reply.Array(ctx.size() - 2);
  for (size_t i = 2; i < ctx.size(); ++i) {
    const Command* command = FindByFullName(ctx.services.commands, ctx[i]);
    if (command == nullptr) {
      ctx.reply.Null();
    } else {
      ReplyCommandInfo(ctx.reply, *command);
    }
  }
}

template <typename Passes>
void ReplyNames(Context& ctx, Passes passes) {
  std::vector<std::string_view> names;
  for (const Command* command : ctx.services.commands.top_level()) {
    if (passes(*command)) names.push_back(command->name);
    for (const Command* subcommand : command->subcommands) {
      if (passes(*subcommand)) names.push_back(subcommand->name);
    }
  }
  ctx.reply.Array(names.size());
  for (std::string_view name : names) ctx.reply.Bulk(name);
}

// COMMAND LIST [FILTERBY MODULE module-name|ACLCAT category|PATTERN pattern]
void List(Context& ctx) {
  if (ctx.size() == 2) return ReplyNames(ctx, [](const Command&) { return true; });
  if (ctx.size() != 5 || !ctx.Is(2, "FILTERBY")) return ctx.ReplySyntaxError();
  const std::string_view value = ctx[4];
  if (ctx.Is(3, "MODULE")) {
    ctx.reply.Array(0);  // no command comes from a module
  } else if (ctx.Is(3, "ACLCAT")) {
    const uint32_t category = CategoryByName(value);
    ReplyNames(ctx, [&](const Command& command) { return (command.categories & category) != 0; });
  } else if (ctx.Is(3, "PATTERN")) {
    ReplyNames(ctx, [&](const Command& command) { return storage::GlobMatch(value, command.name, true); });
  } else {
    ctx.ReplySyntaxError();
  }
}

constexpr uint32_t kFlags = command::kLoading | command::kStale;
constexpr std::string_view kAnyOrder[] = {"nondeterministic_output_order"};
constexpr std::string_view kPerName = "O(N) where N is the number of commands to look up";

constexpr CommandSpec Row(std::string_view name, int arity, command::Handler handler, std::string_view since,
                          std::string_view complexity, std::string_view summary, std::string_view syntax,
                          std::span<const std::string_view> tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = kFlags,
          .categories = command::kCatConnection,
          .handler = handler,
          .group = "server",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr CommandSpec kSubcommands[] = {
    Row("count", 2, Count, "2.8.13", "O(1)", "Answers the number of commands.", ""),
    Row("docs", -2, Docs, "7.0.0", kPerName, "Documents commands.", "[command-name [command-name ...]]",
        kAnyOrder),
    Row("getkeys", -4, GetKeys, "2.8.13", "O(N) where N is the number of arguments to the command",
        "Answers the keys of a command line.", "command [arg [arg ...]]"),
    Row("getkeysandflags", -4, GetKeysAndFlags, "7.0.0",
        "O(N) where N is the number of arguments to the command",
        "Answers the keys of a command line with what is done to them.", "command [arg [arg ...]]"),
    Row("help", 2, Help, "5.0.0", "O(1)", "Describes the subcommands.", ""),
    Row("info", -2, Info, "2.8.13", kPerName, "Describes commands.", "[command-name [command-name ...]]",
        kAnyOrder),
    Row("list", -2, List, "7.0.0", "O(N) where N is the total number of Redis commands",
        "Answers the names of commands.",
        "[filterby=FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", kAnyOrder),
};

constexpr CommandSpec kRows[] = {{.name = "command",
                                  .arity = -1,
                                  .flags = kFlags,
                                  .categories = command::kCatConnection,
                                  .handler = All,
                                  .group = "server",
                                  .since = "2.8.13",
                                  .complexity = "O(N) where N is the total number of Redis commands",
                                  .summary = "Describes all commands.",
                                  .syntax = "",
                                  .tips = kAnyOrder,
                                  .subcommands = kSubcommands}};

}  // namespace

std::span<const CommandSpec> CommandCommands() { return kRows; }

}  // namespace corral::commands
