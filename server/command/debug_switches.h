// What DEBUG turns off for tests; workers read it, DEBUG writes it.
#pragma once

#include <atomic>

namespace corral::command {

struct DebugSwitches {
  // Workers remove expired keys on their own; reads never return one either way.
  std::atomic<bool> active_expiry{true};
};

}  // namespace corral::command
