// The rows of the families that read streams or know their consumer groups; the others are in families.h.
#pragma once

#include <span>

#include "server/command/spec.h"

namespace corral::commands {

std::span<const command::CommandSpec> StreamGroupCommands();
std::span<const command::CommandSpec> StreamReadGroupCommands();
std::span<const command::CommandSpec> StreamInfoCommands();
std::span<const command::CommandSpec> StreamNewsCommands();
std::span<const command::CommandSpec> StreamPendingCommands();
std::span<const command::CommandSpec> StreamClaimCommands();
std::span<const command::CommandSpec> StreamDeletionCommands();

}  // namespace corral::commands
