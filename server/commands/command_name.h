// Looking a command up by the full name that statistics and COMMAND show: "get", "config|get".
#pragma once

#include <string_view>

#include "server/command/table.h"

namespace corral::commands {

// Null when there is none. Any case.
inline const command::Command* FindByFullName(const command::CommandTable& table, std::string_view name) {
  const size_t bar = name.find('|');
  const command::Command* found = table.Find(name.substr(0, bar));
  if (found == nullptr || bar == std::string_view::npos) return found;
  return found->Subcommand(name.substr(bar + 1));
}

}  // namespace corral::commands
