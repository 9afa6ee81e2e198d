// The CLIENT subcommands that have files of their own; their rows stand with the rest of the family's.
#pragma once

#include <string>

namespace corral::client {
class Client;
}
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

// A client's line of CLIENT LIST. The caller's own shows the request that asks for it.
std::string DescribeFor(const command::Context& context, const client::Client& client);

// Of the connection's tracking.
void ClientTracking(command::Context& context);
void ClientCaching(command::Context& context);
void ClientGetRedir(command::Context& context);
void ClientTrackingInfo(command::Context& context);

}  // namespace corral::commands
