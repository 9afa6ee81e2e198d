// The way of an invalidation to the connections that get it, on whichever worker they are.
#pragma once

#include <vector>

#include "server/client/client.h"
#include "server/tracking/invalidation.h"
#include "server/tracking/trackers.h"

namespace corral::tracking {

// Each worker gathers receivers, then sends them one message: at once to those on the same worker, and in one
// post to each other worker that has some. `here` is always the worker of this thread.
class Courier {
 public:
  explicit Courier(size_t workers);

  void Address(const client::ClientOwner& here, const Tracker& tracker);
  // To all that were addressed since the last one.
  void Send(client::ClientOwner& here, const Invalidation& message);

 private:
  struct alignas(64) Receivers {  // that one worker has addressed
    std::vector<Tracker> local;
    std::vector<std::vector<Tracker>> remote;  // by worker
  };

  std::vector<Receivers> receivers_;
};

}  // namespace corral::tracking
