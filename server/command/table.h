// All commands of the process by name: built once at start from the families' rows, then only read.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/command/spec.h"

namespace corral::command {

// A row with what is derived from it.
struct Command {
  const CommandSpec* spec = nullptr;
  const Command* parent = nullptr;                // of a subcommand
  std::string name;                               // "get", "config|get": as statistics and errors name it
  uint32_t id = 0;                                // dense: index into per-worker statistics
  uint32_t categories = 0;                        // the row's and the derived ones
  int first_key = 0, last_key = 0, key_step = 0;  // the legacy triple of COMMAND INFO; 0 0 0: none
  std::vector<const Command*> subcommands;

  bool Is(uint32_t flags) const { return (spec->flags & flags) != 0; }
  bool TakesArguments(size_t count) const {
    int n = static_cast<int>(count);
    return spec->arity >= 0 ? n == spec->arity : n >= -spec->arity;
  }
  // Looks a subcommand up, in any case.
  const Command* Subcommand(std::string_view name) const;
};

struct KeyPosition {
  size_t index;
  uint16_t flags;
};

class CommandTable {
 public:
  // Aborts on a row that contradicts itself (a duplicate name, no handler, keys beyond the arity).
  explicit CommandTable(std::span<const std::span<const CommandSpec>> families);

  // By name in any case; nullptr when unknown.
  const Command* Find(std::string_view name) const;
  // rename-command: false when `from` is unknown or `to` is taken; an empty `to` removes the command.
  bool Rename(std::string_view from, std::string_view to);

  const std::vector<const Command*>& top_level() const { return top_level_; }  // sorted by name
  // Every command and subcommand by id.
  const std::deque<Command>& all() const { return commands_; }

 private:
  Command* Add(const CommandSpec& spec, const Command* parent);

  std::deque<Command> commands_;
  std::vector<const Command*> top_level_;
  std::unordered_map<std::string, const Command*> by_name_;
};

// The positions of the keys among `arguments` (0 is the command's name), by the row's key specs. False when
// the arguments do not fit the specs (a count that is no number, or beyond the arguments).
bool FindKeys(const Command& command, std::span<const std::string_view> arguments,
              std::vector<KeyPosition>* keys);

}  // namespace corral::command
