#include "server/dispatch/command_clock.h"

#include "server/net/event_loop.h"

namespace corral::dispatch {

void CommandClock::ReadClocks() {
  unix_ms_ = net::EventLoop::UnixMs();
  // Half a millisecond: expiry is exact to the millisecond, within a batch as well.
  until_refresh_ns_ = 500'000;
}

void CommandClock::Refresh() {
  last_ticks_ = ticks_.Now();
  ReadClocks();
}

}  // namespace corral::dispatch
