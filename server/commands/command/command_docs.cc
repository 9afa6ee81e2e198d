// Rows as replies: flags, categories, key specs, documentation.
#include "server/commands/command/command_docs.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/commands/command/command_syntax.h"
#include "server/config/line.h"
#include "storage/base/ascii.h"

namespace corral::commands {
namespace {

using command::Command;
using command::CommandSpec;
using command::KeySpec;
using protocol::ReplyWriter;

// In the order of command::Flag's bits.
constexpr std::string_view kFlagNames[] = {
    "write",         "readonly",          "denyoom",          "module",      "admin",
    "pubsub",        "noscript",          "blocking",         "loading",     "stale",
    "skip_monitor",  "skip_slowlog",      "asking",           "fast",        "no_auth",
    "may_replicate", "no_mandatory_keys", "no_async_loading", "movablekeys", "no_multi",
    "allow_busy"};
static_assert(std::size(kFlagNames) ==
              static_cast<size_t>(std::popcount(static_cast<uint32_t>(command::kShownFlags))));

// In the order of command::Category's bits.
constexpr std::string_view kCategoryNames[] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};

// In the order of command::KeyFlag's bits.
constexpr std::string_view kKeyFlagNames[] = {
    "RO",     "RW",     "OW",      "RM",         "access",        "update",
    "insert", "delete", "not_key", "incomplete", "variable_flags"};

template <size_t N>
void ReplyBits(ReplyWriter& reply, uint32_t bits, const std::string_view (&names)[N],
               std::string_view prefix) {
  bits &= (N == 32 ? ~0u : (1u << N) - 1);
  reply.Set(static_cast<size_t>(std::popcount(bits)));
  std::string text;
  for (size_t i = 0; i < N; ++i) {
    if ((bits & (1u << i)) == 0) continue;
    text.assign(prefix);
    text += names[i];
    reply.Simple(text);
  }
}

void ReplyPair(ReplyWriter& reply, std::string_view name, int64_t value) {
  reply.Bulk(name);
  reply.Integer(value);
}

void ReplyPair(ReplyWriter& reply, std::string_view name, std::string_view value) {
  reply.Bulk(name);
  reply.Bulk(value);
}

void ReplyBegin(ReplyWriter& reply, const KeySpec& spec) {
  reply.Bulk("begin_search");
  reply.Map(2);
  switch (spec.begin) {
    case KeySpec::Begin::kIndex:
      ReplyPair(reply, "type", "index");
      reply.Bulk("spec");
      reply.Map(1);
      ReplyPair(reply, "index", spec.begin_index);
      break;
    case KeySpec::Begin::kKeyword:
      ReplyPair(reply, "type", "keyword");
      reply.Bulk("spec");
      reply.Map(2);
      ReplyPair(reply, "keyword", spec.keyword);
      ReplyPair(reply, "startfrom", spec.begin_index);
      break;
    case KeySpec::Begin::kUnknown:
      ReplyPair(reply, "type", "unknown");
      reply.Bulk("spec");
      reply.Map(0);
      break;
  }
}

void ReplyFind(ReplyWriter& reply, const KeySpec& spec) {
  reply.Bulk("find_keys");
  reply.Map(2);
  switch (spec.find) {
    case KeySpec::Find::kRange:
      ReplyPair(reply, "type", "range");
      reply.Bulk("spec");
      reply.Map(3);
      ReplyPair(reply, "lastkey", spec.last);
      ReplyPair(reply, "keystep", spec.step);
      ReplyPair(reply, "limit", spec.limit);
      break;
    case KeySpec::Find::kKeynum:
      ReplyPair(reply, "type", "keynum");
      reply.Bulk("spec");
      reply.Map(3);
      ReplyPair(reply, "keynumidx", spec.keynum_index);
      ReplyPair(reply, "firstkey", spec.first_key);
      ReplyPair(reply, "keystep", spec.step);
      break;
    case KeySpec::Find::kUnknown:
      ReplyPair(reply, "type", "unknown");
      reply.Bulk("spec");
      reply.Map(0);
      break;
  }
}

void ReplyKeySpec(ReplyWriter& reply, const KeySpec& spec) {
  reply.Map(spec.notes.empty() ? 3 : 4);
  if (!spec.notes.empty()) ReplyPair(reply, "notes", spec.notes);
  reply.Bulk("flags");
  ReplyKeyFlags(reply, spec.flags);
  ReplyBegin(reply, spec);
  ReplyFind(reply, spec);
}

// SORT's patterns make the names of keys that it reads, which stand at no position.
bool AreMade(const KeySpec& spec) {
  return spec.begin == KeySpec::Begin::kUnknown && (spec.flags & command::kKeyRo) != 0;
}

// The key specs that arguments belong to: each key to one of them, in order, those that are left over to the
// last; each pattern to the keys that are made with it, if there are any.
class SpecOrder {
 public:
  explicit SpecOrder(const CommandSpec& spec) : specs_(spec.keys) {}

  std::optional<size_t> Next(ArgumentType type) {
    if (type == ArgumentType::kKey && !specs_.empty()) {
      while (next_ + 1 < specs_.size() && AreMade(specs_[next_])) ++next_;
      return std::min(next_++, specs_.size() - 1);
    }
    const auto made = std::ranges::find_if(specs_, AreMade);
    if (type != ArgumentType::kPattern || made == specs_.end()) return std::nullopt;
    return static_cast<size_t>(made - specs_.begin());
  }

 private:
  std::span<const KeySpec> specs_;
  size_t next_ = 0;
};

void ReplyArguments(ReplyWriter& reply, const std::vector<SyntaxArgument>& arguments, SpecOrder& specs) {
  reply.Array(arguments.size());
  for (const SyntaxArgument& argument : arguments) {
    const std::optional<size_t> key_spec = specs.Next(argument.type);
    const size_t flags = size_t{argument.optional} + argument.multiple + argument.multiple_token;
    const size_t pairs = 2 + size_t{key_spec.has_value()} + !argument.token.empty() + (flags > 0) +
                         !argument.arguments.empty();
    reply.Map(pairs);
    ReplyPair(reply, "name", argument.name);
    ReplyPair(reply, "type", ArgumentTypeName(argument.type));
    if (key_spec) ReplyPair(reply, "key_spec_index", static_cast<int64_t>(*key_spec));
    if (!argument.token.empty()) ReplyPair(reply, "token", argument.token);
    if (flags > 0) {
      reply.Bulk("flags");
      reply.Set(flags);
      if (argument.optional) reply.Simple("optional");
      if (argument.multiple) reply.Simple("multiple");
      if (argument.multiple_token) reply.Simple("multiple_token");
    }
    if (!argument.arguments.empty()) {
      reply.Bulk("arguments");
      ReplyArguments(reply, argument.arguments, specs);
    }
  }
}

// Commands that are for tests and for the server itself, which Redis's pages do not have.
bool IsInternal(std::string_view name) {
  return name == "debug" || name == "pfdebug" || name == "pfselftest";
}

}  // namespace

void ReplyKeyFlags(ReplyWriter& reply, uint16_t flags) { ReplyBits(reply, flags, kKeyFlagNames, ""); }

uint32_t CategoryByName(std::string_view name) {
  for (size_t i = 0; i < std::size(kCategoryNames); ++i) {
    if (storage::EqualInAnyCase(kCategoryNames[i], name)) return 1u << i;
  }
  return 0;
}

void ReplyCommandInfo(ReplyWriter& reply, const Command& command) {
  const CommandSpec& spec = *command.spec;
  reply.Array(10);
  reply.Bulk(command.name);
  reply.Integer(spec.arity);
  ReplyBits(reply, spec.flags & command::kShownFlags, kFlagNames, "");
  reply.Integer(command.first_key);
  reply.Integer(command.last_key);
  reply.Integer(command.key_step);
  ReplyBits(reply, command.categories, kCategoryNames, "@");
  reply.Set(spec.tips.size());
  for (std::string_view tip : spec.tips) reply.Bulk(tip);
  reply.Set(spec.keys.size());
  for (const KeySpec& keys : spec.keys) ReplyKeySpec(reply, keys);
  // Redis answers an empty set, but an array when there are some.
  if (command.subcommands.empty()) return reply.Set(0);
  reply.Array(command.subcommands.size());
  for (const Command* subcommand : command.subcommands) ReplyCommandInfo(reply, *subcommand);
}

void ReplyCommandDocs(ReplyWriter& reply, const Command& command) {
  const CommandSpec& spec = *command.spec;
  const std::vector<SyntaxArgument> arguments = ParseSyntax(command.name, spec.syntax);
  const bool deprecated = !spec.deprecated_since.empty(), internal = IsInternal(spec.name);
  const size_t deprecation = deprecated ? 1 + size_t{!spec.replaced_by.empty()} : 0;
  reply.Map(3 + size_t{!spec.complexity.empty()} + (deprecated || internal) + deprecation +
            !arguments.empty() + !command.subcommands.empty());
  ReplyPair(reply, "summary", spec.summary);
  ReplyPair(reply, "since", spec.since);
  ReplyPair(reply, "group", spec.group);
  if (!spec.complexity.empty()) ReplyPair(reply, "complexity", spec.complexity);
  if (deprecated || internal) {
    reply.Bulk("doc_flags");
    reply.Set(size_t{deprecated} + internal);
    if (deprecated) reply.Simple("deprecated");
    if (internal) reply.Simple("syscmd");
  }
  if (deprecated) {
    ReplyPair(reply, "deprecated_since", spec.deprecated_since);
    if (!spec.replaced_by.empty()) ReplyPair(reply, "replaced_by", spec.replaced_by);
  }
  if (!arguments.empty()) {
    SpecOrder specs(spec);
    reply.Bulk("arguments");
    ReplyArguments(reply, arguments, specs);
  }
  if (!command.subcommands.empty()) {
    reply.Bulk("subcommands");
    reply.Map(command.subcommands.size());
    for (const Command* subcommand : command.subcommands) {
      reply.Bulk(subcommand->name);
      ReplyCommandDocs(reply, *subcommand);
    }
  }
}

}  // namespace corral::commands
