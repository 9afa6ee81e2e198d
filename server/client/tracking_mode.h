// How a connection uses tracking (CLIENT TRACKING): its in-process cache is told what became stale.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace corral::client {

class ClientOwner;

// What the connection's own command made stale; told behind the command's reply.
struct OwnChange {
  bool everything = false;
  std::string key = {};
};

// Owned by the connection from its first CLIENT TRACKING ON, touched by its worker's thread;
// tracking::Tracking changes it.
struct TrackingMode {
  uint32_t number = 0;  // stands for the connection in the table of tracked keys; kept while tracking is off
  bool on = false;
  bool broadcast = false, opt_in = false, opt_out = false, no_loop = false;
  bool caching = false;          // CLIENT CACHING: the next command is the exception to opt_in or opt_out
  bool broken_redirect = false;  // the connection redirected to was found gone
  uint64_t redirect_id = 0;      // 0: messages go to the connection itself
  ClientOwner* redirect_owner = nullptr;
  std::set<std::string, std::less<>> prefixes;  // of broadcast mode
  size_t prefix_bytes = 0;                      // what they take, about
  std::vector<OwnChange> own_changes;

  // Whether what the present command reads is remembered by key.
  bool remembers_reads() const { return on && !broadcast && !(opt_in && !caching) && !(opt_out && caching); }
};

}  // namespace corral::client
