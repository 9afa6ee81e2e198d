// Who may do no more than log in.
#pragma once

#include "server/client/client.h"
#include "server/config/settings.h"

namespace corral::client {

// Whether the client has to name a password before anything else. Asked anew for each request: CONFIG SET
// requirepass "" lets everybody in.
inline bool MustAuthenticate(const Client& client, const config::Settings& settings) {
  return !client.session.authenticated && !settings.requirepass.empty();
}

}  // namespace corral::client
