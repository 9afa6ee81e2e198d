// A worker's memory of the few commands that it runs all the time, by the eight bytes of their names.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/command/table.h"

namespace corral::dispatch {

// In front of CommandTable::Find, which hashes a string. Holds only names of at most eight letters: for
// letters, and only for them, setting bit 5 makes exactly the two cases equal. One thread.
class CommandCache {
 public:
  explicit CommandCache(const command::CommandTable& table) : table_(table) {}

  const command::Command* Find(std::string_view name) {
    if (name.size() > 8 || name.empty()) return table_.Find(name);
    uint64_t folded = Fold(name);
    Entry& entry = entries_[(folded * 0x9E3779B97F4A7C15ull) >> 58];
    if (entry.folded == folded && entry.size == name.size()) [[likely]]
      return entry.command;
    const command::Command* command = table_.Find(name);
    if (command && OnlyLetters(name)) entry = {folded, static_cast<uint32_t>(name.size()), command};
    return command;
  }

 private:
  struct Entry {
    uint64_t folded = 0;
    uint32_t size = 0;
    const command::Command* command = nullptr;
  };
  static uint64_t Fold(std::string_view name) {
    uint64_t word = 0;
    std::memcpy(&word, name.data(), name.size());
    return word | 0x2020202020202020ull;
  }
  static bool OnlyLetters(std::string_view name) {
    for (char c : name) {
      if ((c | 0x20) < 'a' || (c | 0x20) > 'z') return false;
    }
    return true;
  }

  const command::CommandTable& table_;
  std::array<Entry, 64> entries_{};
};

}  // namespace corral::dispatch
