// Leaving the terminal: the forked background process and its pid file.
#pragma once

#include <string>

namespace corral::process {

// Where a daemon writes its pid when `pidfile` is not set.
inline constexpr char kDefaultPidFile[] = "/var/run/corral.pid";

// Forks into the background in two steps, so that a daemon that cannot start says so on the terminal and in
// the exit status of the command that started it: the first process waits until the second one is ready, or
// gone.
class Daemon {
 public:
  Daemon() = default;
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Before there are threads or an event loop. Returns in the new process only, the leader of its own
  // session, still with the terminal's descriptors; false (with errno) when fork or pipe fails.
  [[nodiscard]] bool Fork();

  // Lets the first process end with status 0 and gives up standard input, output and error. Nothing without a
  // Fork.
  void Ready();

 private:
  int ready_descriptor_ = -1;
};

// The pid file, written best effort and removed at the end of its life by the process that wrote it.
class PidFile {
 public:
  // An empty path writes nothing.
  explicit PidFile(std::string path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string path_;
  int writer_ = 0;
};

}  // namespace corral::process
