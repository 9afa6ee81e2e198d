#include "server/process/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "server/log/log.h"

namespace corral::process {
namespace {

// The first process: ends as the daemon fares.
[[noreturn]] void WaitForDaemon(int descriptor) {
  char ready = 0;
  ssize_t size;
  do {
    size = read(descriptor, &ready, 1);
  } while (size < 0 && errno == EINTR);
  _exit(size == 1 ? 0 : 1);
}

}  // namespace

Daemon::~Daemon() {
  if (ready_descriptor_ >= 0) close(ready_descriptor_);
}

bool Daemon::Fork() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return false;
  }
  if (child > 0) {
    close(ends[1]);
    WaitForDaemon(ends[0]);
  }
  close(ends[0]);
  ready_descriptor_ = ends[1];
  setsid();
  return true;
}

void Daemon::Ready() {
  if (ready_descriptor_ < 0) return;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (null > STDERR_FILENO) close(null);
  }
  if (write(ready_descriptor_, "1", 1) != 1) log::Warning("Can't report readiness: {}", strerror(errno));
  close(std::exchange(ready_descriptor_, -1));
}

PidFile::PidFile(std::string path) : path_(std::move(path)), writer_(static_cast<int>(getpid())) {
  if (path_.empty()) return;
  const int descriptor = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const std::string text = fmt::format("{}\n", writer_);
  if (descriptor < 0 || write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log::Warning("Failed to write PID file {}: {}", path_, strerror(errno));
    if (descriptor < 0) path_.clear();  // not ours to remove
  }
  if (descriptor >= 0) close(descriptor);
}

PidFile::~PidFile() {
  if (path_.empty() || writer_ != static_cast<int>(getpid())) return;
  if (unlink(path_.c_str()) == 0) log::Notice("Removing the pid file.");
}

}  // namespace corral::process
