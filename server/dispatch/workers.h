// The group of workers: starts and ends their threads, hands out connections, reaches all of them at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/command/context.h"
#include "server/dispatch/executor.h"
#include "server/dispatch/gate.h"
#include "server/dispatch/pause_queue.h"
#include "server/dispatch/worker.h"
#include "server/net/stream.h"
#include "storage/base/clock.h"

namespace corral::dispatch {

// Worker 0 runs on the thread that calls Run; the others have threads of their own, which end with it.
class Workers final : public MonitorFeed {
 public:
  Workers(command::Services& services, size_t count);
  ~Workers();

  Worker& first() { return *workers_[0]; }
  size_t size() const { return workers_.size(); }

  // Until Stop; then every connection is closed.
  void Run();
  void Stop();  // any thread

  // Gives an accepted connection to the next worker, round robin. Worker 0's thread.
  void Adopt(int descriptor, net::Transport transport);
  // Any worker, inside the gate.
  void Feed(const std::string& line) override;
  void ResumePaused();
  void CheckLimits(int64_t unix_ms);  // each on its own thread
  // Runs `work` on worker 0's thread, the caller's, while all others stand still.
  void Alone(const std::function<void()>& work);

 private:
  template <class Work>
  void OnEach(Work work);

  storage::TickCounter ticks_;
  Gate gate_;
  PauseQueue pauses_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  size_t next_ = 0;
};

}  // namespace corral::dispatch
