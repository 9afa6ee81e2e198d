// The CLIENT subcommands that have files of their own; their rows stand with the rest of the family's.
#pragma once

namespace corral::command {
class Context;
}

namespace corral::commands {

// Of other connections. Each visits clients of all workers: its row is kExclusive.
void ClientKill(command::Context& context);
void ClientList(command::Context& context);
void ClientPause(command::Context& context);
void ClientUnblock(command::Context& context);
void ClientUnpause(command::Context& context);

// Of the connection's tracking.
void ClientTracking(command::Context& context);
void ClientCaching(command::Context& context);
void ClientGetRedir(command::Context& context);
void ClientTrackingInfo(command::Context& context);

}  // namespace corral::commands
