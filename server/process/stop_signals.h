// SIGTERM and SIGINT as far as they must work while no thread of the daemon listens.
#pragma once

#include <atomic>

namespace corral::process {

// Goes in front of the handlers that these two signals have now: sets `stopping`, and calls them. A SIGINT
// when `stopping` is set already ends the process at once with status 1, as in Redis, however busy its
// threads are, and says so on standard output. `stopping` outlives the process's last signal.
void WatchInsistence(std::atomic<bool>* stopping);

}  // namespace corral::process
