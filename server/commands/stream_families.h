// The rows of the families that know consumer groups of streams; the others are in families.h.
#pragma once

#include <span>

#include "server/command/spec.h"

namespace corral::commands {

std::span<const command::CommandSpec> StreamGroupCommands();
std::span<const command::CommandSpec> StreamReadGroupCommands();
std::span<const command::CommandSpec> StreamInfoCommands();

}  // namespace corral::commands
