// The CLIENT subcommands that look at other connections; their rows stand with the rest of the family's.
#pragma once

namespace corral::command {
class Context;
}

namespace corral::commands {

// Each visits clients of all workers: its row is kExclusive.
void ClientKill(command::Context& context);
void ClientList(command::Context& context);
void ClientPause(command::Context& context);
void ClientUnblock(command::Context& context);
void ClientUnpause(command::Context& context);

}  // namespace corral::commands
