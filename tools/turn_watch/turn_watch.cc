// Preloaded into a server: the longest turn of its event loops, as tools/pauses asks for it.
//
// A turn is what a thread does between two waits for events: while it lasts, nobody on that thread is served.
// It is measured on the wall's clock and on the thread's own, which leaves out what other programs took of
// the core. Any server that waits in epoll can be measured, ours and others alike.
//
// The figures lie in the file that TURN_WATCH_FILE names; who measures maps or reads it, and begins anew by
// writing zeros. Nanoseconds:
//
//   | longest turn u64 | longest by the thread's clock u64 | turns over 1 ms by that clock u64 |
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace {

struct Figures {
  std::atomic<uint64_t> longest_ns, longest_cpu_ns, slow_turns;
};

constexpr uint64_t kSlowNs = 1'000'000;

Figures unwatched;
Figures* figures = &unwatched;

__attribute__((constructor)) void MapFigures() {
  const char* path = getenv("TURN_WATCH_FILE");
  if (path == nullptr) return;
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (ftruncate(file, sizeof(Figures)) == 0) {
    void* memory = mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) figures = static_cast<Figures*>(memory);
  }
  close(file);
}

uint64_t Now(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

void Raise(std::atomic<uint64_t>& most, uint64_t value) {
  uint64_t seen = most.load(std::memory_order_relaxed);
  while (seen < value && !most.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// One for each thread. A turn begins when a wait returns and ends with the next.
class Turn {
 public:
  void Begin() {
    began_ns_ = Now(CLOCK_MONOTONIC);
    began_cpu_ns_ = Now(CLOCK_THREAD_CPUTIME_ID);
  }
  void End() {
    if (began_ns_ == 0) return;
    const uint64_t cpu_ns = Now(CLOCK_THREAD_CPUTIME_ID) - began_cpu_ns_;
    Raise(figures->longest_cpu_ns, cpu_ns);
    Raise(figures->longest_ns, Now(CLOCK_MONOTONIC) - began_ns_);
    if (cpu_ns > kSlowNs) figures->slow_turns.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  uint64_t began_ns_ = 0, began_cpu_ns_ = 0;
};

thread_local Turn turn;

template <class Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
  static const auto next = Next<decltype(&epoll_wait)>("epoll_wait");
  turn.End();
  const int result = next(epoll, events, most, timeout_ms);
  turn.Begin();
  return result;
}

extern "C" int epoll_pwait(int epoll, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) {
  static const auto next = Next<decltype(&epoll_pwait)>("epoll_pwait");
  turn.End();
  const int result = next(epoll, events, most, timeout_ms, mask);
  turn.Begin();
  return result;
}
