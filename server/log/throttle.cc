#include "server/log/throttle.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace corral::log {
namespace {

// Throttles are static objects of many files: the first one makes the list.
struct Registry {
  std::mutex mutex;
  std::vector<Throttle*> throttles;
};

Registry& All() {
  static auto* registry = new Registry;  // never destroyed: throttles leave it at the very end
  return *registry;
}

}  // namespace

Throttle::Throttle(std::string_view what, uint64_t lines, int64_t period_ms)
    : what_(what), lines_(lines), period_ms_(period_ms) {
  std::lock_guard guard(All().mutex);
  All().throttles.push_back(this);
}

Throttle::~Throttle() {
  std::lock_guard guard(All().mutex);
  std::erase(All().throttles, this);
}

int64_t Throttle::NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bool Throttle::Allows(int64_t monotonic_ms) {
  std::lock_guard guard(mutex_);
  if (logged_ == 0 || monotonic_ms - began_ms_ >= period_ms_) {
    began_ms_ = monotonic_ms;
    logged_ = 0;
  }
  if (logged_ == lines_) {
    ++left_out_;
    return false;
  }
  ++logged_;
  return true;
}

uint64_t Throttle::TakeLeftOut(int64_t monotonic_ms) {
  std::lock_guard guard(mutex_);
  if (left_out_ == 0 || monotonic_ms - began_ms_ < period_ms_) return 0;
  logged_ = 0;
  return std::exchange(left_out_, 0);
}

std::vector<std::string> LeftOut(int64_t monotonic_ms) {
  std::vector<std::string> sentences;
  std::lock_guard guard(All().mutex);
  for (Throttle* throttle : All().throttles) {
    const uint64_t lines = throttle->TakeLeftOut(monotonic_ms);
    if (lines == 0) continue;
    sentences.push_back(fmt::format("{} more lines about {} were left out.", lines, throttle->what()));
  }
  return sentences;
}

}  // namespace corral::log
