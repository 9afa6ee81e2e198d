// The visible list of all families of commands.
#pragma once

#include <memory>

#include "server/command/table.h"

namespace corral::dispatch {

std::unique_ptr<command::CommandTable> BuildCommandTable();

}  // namespace corral::dispatch
