#include "server/command/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "storage/base/ascii.h"

namespace corral::command {
namespace {

// No command has a longer name: Find refuses one without copying it.
constexpr size_t kLongestName = 512;

[[noreturn]] void Contradiction(std::string_view name, const char* what) {
  std::fprintf(stderr, "command '%.*s': %s\n", static_cast<int>(name.size()), name.data(), what);
  std::abort();
}

void CheckKeys(const CommandSpec& spec) {
  int least = std::abs(spec.arity);  // arguments that are there in any case
  for (const KeySpec& keys : spec.keys) {
    if (keys.step < 1) Contradiction(spec.name, "a key step below 1");
    if (keys.begin == KeySpec::Begin::kKeyword && keys.keyword.empty()) {
      Contradiction(spec.name, "keys behind a keyword that is not named");
    }
    // Shard channels stand where keys would, and SUNSUBSCRIBE may name none of them.
    if (keys.begin != KeySpec::Begin::kIndex || (keys.flags & kKeyNotKey) != 0) continue;
    // Keys up to the last argument may be none (PFMERGE with a destination alone).
    const bool optional = keys.find == KeySpec::Find::kRange && keys.last < 0;
    if (keys.begin_index < 1 || keys.begin_index >= least + optional) {
      Contradiction(spec.name, "keys beyond the arity");
    }
    if (keys.find == KeySpec::Find::kRange && keys.last >= 0 && keys.begin_index + keys.last >= least) {
      Contradiction(spec.name, "keys beyond the arity");
    }
    if (keys.find == KeySpec::Find::kKeynum && keys.begin_index + keys.keynum_index >= least) {
      Contradiction(spec.name, "a number of keys beyond the arity");
    }
  }
}

void Check(const CommandSpec& spec, const Command* parent) {
  if (spec.name.empty() || spec.name.size() > kLongestName || storage::LowerCase(spec.name) != spec.name) {
    Contradiction(spec.name, "the name is empty, too long or not in lower case");
  }
  if (spec.arity == 0) Contradiction(spec.name, "no arity");
  if (parent != nullptr && std::abs(spec.arity) < 2)
    Contradiction(spec.name, "the arity leaves out the container");
  if (parent != nullptr && !spec.subcommands.empty())
    Contradiction(spec.name, "a subcommand with subcommands");
  if (spec.handler == nullptr && spec.subcommands.empty()) Contradiction(spec.name, "no handler");
  if ((spec.flags & kWrite) != 0 && (spec.flags & kReadonly) != 0)
    Contradiction(spec.name, "write and readonly");
  if (spec.group.empty() || spec.since.empty() || spec.summary.empty()) {
    Contradiction(spec.name, "group, since or summary is missing");
  }
  CheckKeys(spec);
}

uint32_t DeriveCategories(const CommandSpec& spec) {
  uint32_t categories = spec.categories;
  if ((spec.flags & kWrite) != 0) categories |= kCatWrite;
  // Scripts that promise to write nothing are commands of their own: they are not reads of the data set.
  if ((spec.flags & kReadonly) != 0 && (categories & kCatScripting) == 0) categories |= kCatRead;
  if ((spec.flags & kAdmin) != 0) categories |= kCatAdmin | kCatDangerous;
  if ((spec.flags & kPubsub) != 0) categories |= kCatPubsub;
  if ((spec.flags & kBlocking) != 0) categories |= kCatBlocking;
  categories |= (spec.flags & kFast) != 0 ? kCatFast : kCatSlow;
  return categories;
}

// The legacy triple stands for the plain ranges that adjoin each other; whatever else there is makes the keys
// movable. Returns whether it did.
bool DeriveKeyRange(const CommandSpec& spec, Command* command) {
  auto plain = [](const KeySpec& keys) {
    return keys.begin == KeySpec::Begin::kIndex && keys.find == KeySpec::Find::kRange;
  };
  if (spec.keys.size() == 1 && plain(spec.keys[0])) {
    const KeySpec& only = spec.keys[0];
    command->first_key = only.begin_index;
    command->last_key = only.last >= 0 ? only.begin_index + only.last : only.last;
    command->key_step = only.step;
    return (only.flags & kKeyIncomplete) != 0;
  }
  bool movable = false;
  for (const KeySpec& keys : spec.keys) {
    bool adjoins = command->first_key == 0 || command->last_key == keys.begin_index - 1;
    if (!plain(keys) || keys.step != 1 || !adjoins) {
      movable = true;
      continue;
    }
    if ((keys.flags & kKeyIncomplete) != 0) movable = true;
    if (command->first_key == 0) command->first_key = keys.begin_index;
    command->last_key = keys.last >= 0 ? keys.begin_index + keys.last : keys.last;
    command->key_step = 1;
  }
  return movable;
}

}  // namespace

const Command* Command::Subcommand(std::string_view wanted) const {
  for (const Command* subcommand : subcommands) {
    if (storage::EqualInAnyCase(subcommand->spec->name, wanted)) return subcommand;
  }
  return nullptr;
}

CommandTable::CommandTable(std::span<const std::span<const CommandSpec>> families) {
  for (std::span<const CommandSpec> family : families) {
    for (const CommandSpec& spec : family) {
      Command* command = Add(spec, nullptr);
      if (!by_name_.emplace(command->name, command).second) Contradiction(spec.name, "the name is taken");
      top_level_.push_back(command);
      for (const CommandSpec& row : spec.subcommands) {
        if (command->Subcommand(row.name) != nullptr) Contradiction(row.name, "the name is taken");
        command->subcommands.push_back(Add(row, command));
      }
    }
  }
  std::sort(top_level_.begin(), top_level_.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
}

Command* CommandTable::Add(const CommandSpec& spec, const Command* parent) {
  Check(spec, parent);
  Command& command = commands_.emplace_back();
  command.spec = &spec;
  command.parent = parent;
  command.name = parent == nullptr ? std::string(spec.name) : parent->name + "|" + std::string(spec.name);
  command.id = static_cast<uint32_t>(commands_.size() - 1);
  command.categories = DeriveCategories(spec);
  bool movable = DeriveKeyRange(spec, &command);
  if (movable != command.Is(kMovableKeys)) {
    Contradiction(command.name,
                  movable ? "its keys move, and the flag does not say so" : "its keys do not move");
  }
  return &command;
}

const Command* CommandTable::Find(std::string_view name) const {
  if (name.size() > kLongestName) return nullptr;
  auto found = by_name_.find(storage::LowerCase(name));
  return found == by_name_.end() ? nullptr : found->second;
}

bool CommandTable::Rename(std::string_view from, std::string_view to) {
  if (from.size() > kLongestName || to.size() > kLongestName) return false;
  auto found = by_name_.find(storage::LowerCase(from));
  if (found == by_name_.end()) return false;
  const Command* command = found->second;
  if (storage::EqualInAnyCase(from, to)) return true;
  if (!to.empty() && !by_name_.emplace(storage::LowerCase(to), command).second) return false;
  by_name_.erase(storage::LowerCase(from));
  if (to.empty()) std::erase(top_level_, command);
  return true;
}

}  // namespace corral::command
