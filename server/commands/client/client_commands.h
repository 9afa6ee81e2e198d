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
void ClientKill(command::Context& ctx);
void ClientList(command::Context& ctx);
void ClientPause(command::Context& ctx);
void ClientUnblock(command::Context& ctx);
void ClientUnpause(command::Context& ctx);

// A client's line of CLIENT LIST. The caller's own shows the request that asks for it.
std::string DescribeFor(const command::Context& ctx, const client::Client& client);

// Of the connection's tracking.
void ClientTracking(command::Context& ctx);
void ClientCaching(command::Context& ctx);
void ClientGetRedir(command::Context& ctx);
void ClientTrackingInfo(command::Context& ctx);

}  // namespace corral::commands
