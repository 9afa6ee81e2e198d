// LEASE LIST, LEASE INFO and LEASE HELP.
#pragma once

#include "server/command/context.h"

namespace corral::commands {

void ListLeases(command::Context& ctx);     // gate held as writer
void DescribeLease(command::Context& ctx);  // the lock of the key's shard held
void ReplyLeaseHelp(command::Context& ctx);

}  // namespace corral::commands
