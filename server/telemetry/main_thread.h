// What the main thread, which is worker 0, has used of the processors.
#pragma once

namespace corral::telemetry {

struct ThreadTime {
  double user_seconds = 0, system_seconds = 0;
};

// From any thread, from the kernel's counters in steps of 10 ms; zeros where /proc is not there.
ThreadTime ReadMainThreadTime();

}  // namespace corral::telemetry
