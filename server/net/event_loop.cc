// The libuv handles behind an event loop's turn.
#include "server/net/event_loop.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace corral::net {
namespace {

int64_t ClockUs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1000;
}

template <class Handle>
uv_handle_t* Base(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

EventLoop* Owner(void* handle) { return static_cast<EventLoop*>(static_cast<uv_handle_t*>(handle)->data); }

}  // namespace

int64_t EventLoop::MonotonicMs() { return ClockUs(CLOCK_MONOTONIC) / 1000; }
int64_t EventLoop::UnixMs() { return ClockUs(CLOCK_REALTIME) / 1000; }
int64_t EventLoop::UnixUs() { return ClockUs(CLOCK_REALTIME); }

EventLoop::EventLoop(LoopHooks* hooks) : hooks_(hooks) {
  uv_loop_init(&loop_);
  loop_.data = this;
  uv_prepare_init(&loop_, &prepare_);
  uv_check_init(&loop_, &check_);
  uv_timer_init(&loop_, &timer_);
  uv_timer_init(&loop_, &cron_);
  uv_idle_init(&loop_, &idle_);
  uv_async_init(&loop_, &wake_, [](uv_async_t* handle) { Owner(handle)->RunPosted(); });
  for (uv_handle_t* handle :
       {Base(&prepare_), Base(&check_), Base(&timer_), Base(&cron_), Base(&idle_), Base(&wake_)}) {
    handle->data = this;
  }
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { Owner(handle)->Prepare(); });
  uv_check_start(&check_, [](uv_check_t* handle) {
    EventLoop* loop = Owner(handle);
    if (!loop->rereads_.empty()) loop->rereads_.Run();
    loop->hooks_->AfterPoll();
  });
}

EventLoop::~EventLoop() {
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

void EventLoop::Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void EventLoop::Stop() {
  Post([this] { uv_stop(&loop_); });
}

void EventLoop::Post(std::function<void()> work) {
  bool first;
  {
    std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) uv_async_send(&wake_);
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  hooks_->OnWakeup();
  for (auto& item : work) item();
}

void EventLoop::SetTimer(int64_t monotonic_ms, std::function<void()> on_time) {
  on_time_ = std::move(on_time);
  timer_at_ms_ = INT64_MAX;
  MoveTimer(monotonic_ms);
}

void EventLoop::MoveTimer(int64_t monotonic_ms) {
  if (monotonic_ms == timer_at_ms_) return;
  timer_at_ms_ = monotonic_ms;
  if (monotonic_ms == INT64_MAX) {
    uv_timer_stop(&timer_);
    return;
  }
  // libuv counts from its cached time, which a long batch leaves behind.
  uv_update_time(&loop_);
  int64_t delay = std::max<int64_t>(0, monotonic_ms - MonotonicMs());
  uv_timer_start(
      &timer_,
      [](uv_timer_t* handle) {
        EventLoop* loop = Owner(handle);
        loop->timer_at_ms_ = INT64_MAX;
        loop->hooks_->OnWakeup();
        loop->on_time_();
      },
      static_cast<uint64_t>(delay), 0);
}

void EventLoop::StartCron(int64_t interval_ms, std::function<void()> tick) {
  on_cron_ = std::move(tick);
  uv_timer_start(
      &cron_,
      [](uv_timer_t* handle) {
        EventLoop* loop = Owner(handle);
        loop->hooks_->OnWakeup();
        loop->on_cron_();
      },
      static_cast<uint64_t>(interval_ms), static_cast<uint64_t>(interval_ms));
}

void EventLoop::StayAwake(bool awake) { awake_ = awake; }

// The last before the loop polls: whether it may wait there is known now.
void EventLoop::Prepare() {
  hooks_->BeforeSleep();
  rereads_.BeginTurn();
  const bool idle = awake_ || !rereads_.empty();
  if (idle == idling_) return;
  idling_ = idle;
  if (idle) {
    uv_idle_start(&idle_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&idle_);
  }
}

SignalWatch::SignalWatch(EventLoop& loop, int signal, std::function<void(int)> handler)
    : signal_(new uv_signal_t) {
  uv_signal_init(loop.handle(), signal_);
  signal_->data = new std::function<void(int)>(std::move(handler));
  uv_signal_start(
      signal_,
      [](uv_signal_t* handle, int number) {
        (*static_cast<std::function<void(int)>*>(handle->data))(number);
      },
      signal);
  uv_unref(Base(signal_));
}

SignalWatch::~SignalWatch() {
  uv_signal_stop(signal_);
  uv_close(Base(signal_), [](uv_handle_t* handle) {
    delete static_cast<std::function<void(int)>*>(handle->data);
    delete reinterpret_cast<uv_signal_t*>(handle);
  });
}

}  // namespace corral::net
