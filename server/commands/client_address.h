// Where a connection comes from, for commands that are open to local ones only.
#pragma once

#include <string>

#include "server/client/client.h"
#include "server/net/stream.h"

namespace corral::commands {

// A unix socket, or a loopback address.
inline bool IsLocal(const client::Client& client) {
  if (client.stream().transport() == net::Transport::kUnix) return true;
  const std::string peer = client.stream().PeerAddress();
  return peer.starts_with("127.") || peer.starts_with("[::1]:") || peer.starts_with("::1:") ||
         peer.starts_with("[::ffff:127.");
}

}  // namespace corral::commands
