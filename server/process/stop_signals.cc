#include "server/process/stop_signals.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>

namespace corral::process {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT};

// What a signal handler can reach is global.
std::atomic<bool>* stopping_flag;
struct sigaction next_handlers[std::size(kSignals)];

// Calls only what is safe inside a signal.
void HandleStop(int number) {
  const int before = errno;
  if (stopping_flag->exchange(true) && number == SIGINT) {
    constexpr std::string_view kText = "You insist... exiting now.\n";
    [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kText.data(), kText.size());
    _exit(1);
  }
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    if (kSignals[i] == number) next_handlers[i].sa_handler(number);
  }
  errno = before;
}

}  // namespace

void WatchInsistence(std::atomic<bool>* stopping) {
  stopping_flag = stopping;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &next_handlers[i]);
    struct sigaction action = next_handlers[i];
    action.sa_handler = HandleStop;
    sigaction(kSignals[i], &action, nullptr);
  }
}

}  // namespace corral::process
