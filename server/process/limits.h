// What the operating system allows this process: open files, huge pages, and its place in the OOM killer's
// queue.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace corral::process {

// Descriptors kept beside those of clients. The loop of each worker takes five. The process itself has 7 with
// one listener; 16 more are for further listeners, for files that are open for a moment (a rewritten
// configuration, a log), and for the connection that is told that it is one too many. Never fewer than Redis
// keeps.
constexpr uint64_t ReservedDescriptors(int workers) {
  const uint64_t needed = 7 + 16 + 5 * static_cast<uint64_t>(workers);
  return needed < 32 ? 32 : needed;
}

// The file limit as setrlimit sees it, so that a test can do without changing its own process.
struct FileLimit {
  // False with errno.
  std::function<bool(uint64_t* soft)> get;
  std::function<bool(uint64_t soft)> set;  // raises the hard limit too where it may

  static FileLimit OfThisProcess();
};

// Raises the soft limit of open files to maxclients + ReservedDescriptors and answers how many clients fit:
// maxclients, or less (then it has logged how much is missing); 0 means that the process cannot serve
// anybody.
uint32_t RaiseFileLimit(uint32_t maxclients, int workers,
                        const FileLimit& limit = FileLimit::OfThisProcess());

// False with errno. Transparent huge pages cost memory and latency when small objects are freed.
bool DisableTransparentHugePages();

enum class OomScoreAdjust : uint8_t { kNo, kRelative, kAbsolute };

// The score of this process in /proc/self/oom_score_adj. Used by one thread at a time.
class OomScore {
 public:
  explicit OomScore(std::string path = "/proc/self/oom_score_adj") : path_(std::move(path)) {}

  // kRelative adds `value` to the score that the process had when it began, kAbsolute sets it; kNo restores
  // the beginning when it was changed. False when the score cannot be read or written; the reason is logged.
  bool Apply(OomScoreAdjust adjust, int value);

 private:
  std::string path_;
  std::optional<int> beginning_;
};

}  // namespace corral::process
