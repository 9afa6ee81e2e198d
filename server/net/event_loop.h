// One thread's event loop on libuv: turns, timers, and work posted from other threads.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "server/net/reread_list.h"

namespace corral::net {

// Told about the phases of a turn; runs on the loop's thread.
class LoopHooks {
 public:
  virtual ~LoopHooks() = default;
  virtual void AfterPoll() = 0;    // all events of this turn were handed out
  virtual void BeforeSleep() = 0;  // the loop is about to wait in the kernel
  virtual void OnWakeup() = 0;     // a timer or posted work is about to run, in a turn
};

// Everything but Post and Stop belongs to the thread that calls Run.
class EventLoop {
 public:
  explicit EventLoop(LoopHooks* hooks);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void Run();   // until Stop; then closes what is open
  void Stop();  // any thread
  // Runs `work` on the loop's thread, in a later turn, in order. Any thread.
  void Post(std::function<void()> work);

  // The one wake-up timer: calls `on_time` no earlier than `monotonic_ms`; setting it again replaces it,
  // INT64_MAX turns it off.
  void SetTimer(int64_t monotonic_ms, std::function<void()> on_time);
  void MoveTimer(int64_t monotonic_ms);
  // Calls `tick` every `interval_ms`.
  void StartCron(int64_t interval_ms, std::function<void()> tick);

  // Another turn follows at once, without waiting in the kernel: work is left.
  void StayAwake(bool awake);

  uv_loop_t* handle() { return &loop_; }
  RereadList& rereads() { return rereads_; }

  // Monotonic time at which this turn began: costs nothing.
  int64_t NowMs() const { return static_cast<int64_t>(uv_now(&loop_)); }

  static int64_t MonotonicMs();
  static int64_t UnixMs();
  static int64_t UnixUs();

 private:
  void RunPosted();
  void Prepare();

  LoopHooks* hooks_;
  uv_loop_t loop_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  uv_async_t wake_;
  uv_timer_t timer_;
  uv_timer_t cron_;
  uv_idle_t idle_;
  int64_t timer_at_ms_ = INT64_MAX;
  bool awake_ = false;   // asked for
  bool idling_ = false;  // idle_ runs
  RereadList rereads_;
  std::function<void()> on_time_, on_cron_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

// Calls `handler` on the loop's thread when the process gets the signal.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signal, std::function<void(int)> handler);
  ~SignalWatch();

 private:
  uv_signal_t* signal_;
};

}  // namespace corral::net
