#include "server/command/context.h"

#include <climits>
#include <string>

#include "storage/base/ascii.h"
#include "storage/base/number.h"

namespace corral::command {
namespace {

namespace wire = protocol::wire;

}  // namespace

bool Context::Is(size_t i, std::string_view word) const {
  std::string_view argument = arguments_[i];
  if (argument.size() != word.size()) return false;
  for (size_t at = 0; at < word.size(); ++at) {
    if (storage::UpperCase(argument[at]) != word[at]) return false;
  }
  return true;
}

void Context::Flushed(int database, uint64_t keys) {
  changed_ = true;
  services.effects.DatabaseFlushed(database, keys, now_ms());
}

void Context::Swapped(int database, int other) {
  changed_ = true;
  services.effects.DatabasesSwapped(database, other, now_ms());
}

void Context::ReplaceEffect(std::span<const EffectArgument> arguments) {
  replaced_ = true;
  if (!arguments.empty()) PendingEffects::OfThread().Add(db.index(), arguments);
}

bool Context::ReadInteger(size_t i, int64_t* value, std::string_view error) {
  if (storage::ParseInt64(arguments_[i], value)) return true;
  reply.Error(error);
  return false;
}

// An empty `error` stands for Redis's two general texts: one for what is no integer, one that names the
// range.
bool Context::ReadIntegerInRange(size_t i, int64_t low, int64_t high, int64_t* value,
                                 std::string_view error) {
  int64_t number = 0;
  if (!ReadInteger(i, &number, error.empty() ? wire::kNotInteger : error)) return false;
  if (number < low || number > high) {
    reply.Error(!error.empty() ? std::string(error)
                               : "ERR value is out of range, value must between " + std::to_string(low) +
                                     " and " + std::to_string(high));
    return false;
  }
  *value = number;
  return true;
}

bool Context::ReadLongDouble(size_t i, long double* value) {
  if (storage::ParseLongDouble(arguments_[i], value)) return true;
  reply.Error(wire::kNotFloat);
  return false;
}

// `error_text` answers an integer that is no database; other texts get Redis's general errors first.
bool Context::ReadDatabaseIndex(size_t i, int* index, std::string_view error_text) {
  int64_t number = 0;
  if (!ReadIntegerInRange(i, INT_MIN, INT_MAX, &number, {})) return false;
  if (number < 0 || number >= services.keyspace.databases()) {
    reply.Error(error_text);
    return false;
  }
  *index = static_cast<int>(number);
  return true;
}

void Context::ReplyHelp(std::span<const std::string_view> lines) {
  reply.Array(lines.size() + 3);
  reply.Simple(storage::UpperCase(arguments_[0]) +
               " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (std::string_view line : lines) reply.Simple(line);
  reply.Simple("HELP");
  reply.Simple("    Prints this help.");
}

void Context::ReplySubcommandSyntax() {
  reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
              std::string(arguments_[1].substr(0, 128)) + "'. Try " + storage::UpperCase(arguments_[0]) +
              " HELP.");
}

}  // namespace corral::command
