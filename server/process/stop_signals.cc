#include "server/process/stop_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>

namespace corral::process {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT};

// What a signal handler can reach is global.
std::atomic<bool> stop_wanted{false};
struct sigaction next_handlers[std::size(kSignals)];

// Calls only what is safe inside a signal.
void HandleStop(int number) {
  const int before = errno;
  if (stop_wanted.exchange(true) && number == SIGINT) {
    constexpr std::string_view kText = "You insist... exiting now.\n";
    [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kText.data(), kText.size());
    _exit(1);
  }
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    if (kSignals[i] == number && next_handlers[i].sa_handler != nullptr) next_handlers[i].sa_handler(number);
  }
  errno = before;
}

void Mask(int how) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  pthread_sigmask(how, &set, nullptr);
}

}  // namespace

void HoldStops() { Mask(SIG_BLOCK); }

void WatchStops() {
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &next_handlers[i]);
    struct sigaction action = next_handlers[i];
    action.sa_handler = HandleStop;
    sigaction(kSignals[i], &action, nullptr);
  }
  Mask(SIG_UNBLOCK);
}

void OutliveStops() {
  stop_wanted.store(true);  // by SHUTDOWN, else
  struct sigaction action {};
  action.sa_handler = HandleStop;
  action.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    next_handlers[i].sa_handler = nullptr;
    sigaction(kSignals[i], &action, nullptr);
  }
  Mask(SIG_UNBLOCK);
}

bool StopWanted() { return stop_wanted.load(); }

bool ForgetStop() { return stop_wanted.exchange(false); }

}  // namespace corral::process
