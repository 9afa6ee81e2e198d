#include "server/log/sinks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>

namespace corral::log {
namespace {

// A log file that is a pipe was opened such that writing to it does not wait.
bool WaitWritable(int descriptor) {
  pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN && WaitWritable(descriptor)) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

int SyslogPriority(Level level) {
  switch (level) {
    case Level::kDebug:
      return LOG_DEBUG;
    case Level::kVerbose:
      return LOG_INFO;
    case Level::kNotice:
      return LOG_NOTICE;
    default:
      return LOG_WARNING;
  }
}

void WriteToSyslog(const Line& line) {
  std::string_view message = std::string_view(line.text).substr(line.message_begin);
  if (message.ends_with('\n')) message.remove_suffix(1);
  ::syslog(SyslogPriority(line.level), "%.*s", static_cast<int>(message.size()), message.data());
}

}  // namespace

bool WriteTo(const Sinks& sinks, const Line& line) {
  if (sinks.syslog && line.message_begin != std::string::npos) WriteToSyslog(line);
  if (sinks.file.empty()) return WriteAll(STDOUT_FILENO, line.text);
  const int descriptor = OpenLogFile(sinks.file.c_str());
  if (descriptor < 0) return false;
  const bool written = WriteAll(descriptor, line.text);
  ::close(descriptor);
  return written;
}

int OpenLogFile(const char* file) {
  return ::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
}

int OpenForLastWords(const char* file) {
  if (file[0] != '\0') return OpenLogFile(file);
  // Whether a write waits belongs to the opened pipe, which other processes share; opened again it is ours.
  struct stat status {};
  if (::fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode)) {
    return ::open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  }
  return STDOUT_FILENO;
}

}  // namespace corral::log
