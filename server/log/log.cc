#include "server/log/log.h"

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>

namespace corral::log {
namespace {

constexpr size_t kLongestMessage = 1024;

std::atomic<Level> level_now{Level::kNotice};
std::atomic<char> role_now{'M'};

// Guards the sinks and keeps the lines of several threads apart.
std::mutex& SinksLock() {
  static std::mutex lock;
  return lock;
}

Sinks& SinksNow() {
  static Sinks* sinks = new Sinks;  // never destroyed: threads may log until the very end
  return *sinks;
}

void WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void WriteToFile(const std::string& file, std::string_view line) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return;
  WriteAll(descriptor, line);
  ::close(descriptor);
}

void WriteToStream(const Sinks& sinks, std::string_view bytes) {
  if (sinks.file.empty()) {
    WriteAll(STDOUT_FILENO, bytes);
  } else {
    WriteToFile(sinks.file, bytes);
  }
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

}  // namespace

void SetLevel(Level level) { level_now.store(level, std::memory_order_relaxed); }

Level CurrentLevel() { return level_now.load(std::memory_order_relaxed); }

void SetRole(char role) { role_now.store(role, std::memory_order_relaxed); }

void SetSinks(Sinks sinks) {
  std::lock_guard guard(SinksLock());
  if (SinksNow().syslog) ::closelog();
  SinksNow() = std::move(sinks);
  // openlog keeps the pointer, which lives as long as these sinks.
  const Sinks& now = SinksNow();
  if (now.syslog) ::openlog(now.syslog_ident.c_str(), LOG_PID | LOG_NDELAY | LOG_NOWAIT, now.syslog_facility);
}

std::string FormatLine(Level level, std::string_view message, int pid, char role, int64_t unix_ms) {
  constexpr char kMarks[] = {'.', '-', '*', '#', '#'};
  const time_t seconds = static_cast<time_t>(unix_ms / 1000);
  tm local{};
  localtime_r(&seconds, &local);
  char date[64];
  const size_t size = strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &local);
  return fmt::format("{}:{} {}.{:03} {} {}\n", pid, role, std::string_view(date, size), unix_ms % 1000,
                     kMarks[static_cast<size_t>(level)], message.substr(0, kLongestMessage));
}

void Write(Level level, std::string_view message) {
  if (!Enabled(level) || level == Level::kNothing) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t unix_ms = static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  const std::string line = FormatLine(level, message, static_cast<int>(::getpid()),
                                      role_now.load(std::memory_order_relaxed), unix_ms);

  std::lock_guard guard(SinksLock());
  const Sinks& sinks = SinksNow();
  WriteToStream(sinks, line);
  if (sinks.syslog) {
    const int length = static_cast<int>(std::min(message.size(), kLongestMessage));
    ::syslog(SyslogPriority(level), "%.*s", length, message.data());
  }
}

void WriteRaw(Level level, std::string_view text) {
  if (!Enabled(level) || level == Level::kNothing) return;
  std::lock_guard guard(SinksLock());
  WriteToStream(SinksNow(), text);
}

}  // namespace corral::log
