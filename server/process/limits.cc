#include "server/process/limits.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "server/log/log.h"

namespace corral::process {
namespace {

constexpr int kLowestScore = -1000;
constexpr int kHighestScore = 1000;

bool GetSoftLimit(uint64_t* soft) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  *soft = limit.rlim_cur;
  return true;
}

bool SetSoftLimit(uint64_t soft) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = soft;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, soft);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

FileLimit FileLimit::OfThisProcess() { return {.get = GetSoftLimit, .set = SetSoftLimit}; }

uint32_t RaiseFileLimit(uint32_t maxclients, int workers, const FileLimit& limit) {
  const uint64_t reserved = ReservedDescriptors(workers);
  const uint64_t wanted = maxclients + reserved;
  uint64_t before = 0;
  if (!limit.get(&before)) {
    constexpr uint32_t kAssumed = 1024;
    log::Warning(
        "Unable to obtain the current NOFILE limit ({}), assuming {} and setting the max clients configuration accordingly.",
        strerror(errno), kAssumed);
    return reserved < kAssumed ? std::min(maxclients, static_cast<uint32_t>(kAssumed - reserved)) : 0;
  }
  if (before >= wanted) return maxclients;

  // The greatest limit that the system grants lies between the two: a binary search finds it.
  uint64_t best = before;
  uint64_t refused = wanted + 1;
  int error = 0;
  for (uint64_t attempt = wanted; best + 1 < refused; attempt = best + (refused - best) / 2) {
    if (limit.set(attempt)) {
      best = attempt;
    } else {
      error = errno;
      refused = attempt;
    }
  }
  if (best == wanted) {
    log::Notice("Increased maximum number of open files to {} (it was originally set to {}).", wanted,
                before);
    return maxclients;
  }
  if (best <= reserved) {
    log::Warning(
        "Your current 'ulimit -n' of {} is not enough for the server to start. Please increase your open file limit to at least {}. Exiting.",
        before, wanted);
    return 0;
  }
  const auto fitting = static_cast<uint32_t>(best - reserved);
  log::Warning("You requested maxclients of {} requiring at least {} max file descriptors.", maxclients,
               wanted);
  log::Warning("Server can't set maximum open files to {} because of OS error: {}.", wanted, strerror(error));
  log::Warning(
      "Current maximum open files is {}. maxclients has been reduced to {} to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
      best, fitting);
  return fitting;
}

bool DisableTransparentHugePages() { return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0; }

bool OomScore::Apply(OomScoreAdjust adjust, int value) {
  if (adjust == OomScoreAdjust::kNo && !beginning_) return true;
  const int descriptor = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) {
    log::Warning("Unable to open {}: {}", path_, strerror(errno));
    return false;
  }
  if (!beginning_) {
    char text[32] = {};
    if (pread(descriptor, text, sizeof(text) - 1, 0) <= 0) {
      log::Warning("Unable to read {}: {}", path_, strerror(errno));
      close(descriptor);
      return false;
    }
    beginning_ = atoi(text);
  }
  int score = *beginning_;
  if (adjust == OomScoreAdjust::kRelative) score += value;
  if (adjust == OomScoreAdjust::kAbsolute) score = value;
  const std::string text = fmt::format("{}\n", std::clamp(score, kLowestScore, kHighestScore));
  const bool written = pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (!written) log::Warning("Unable to write {}: {}", path_, strerror(errno));
  close(descriptor);
  if (written && adjust == OomScoreAdjust::kNo) beginning_.reset();
  return written;
}

}  // namespace corral::process
