#include "server/log/log.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>

#include "server/log/queue.h"
#include "server/log/throttle.h"

namespace corral::log {
namespace {

constexpr size_t kMostQueuedBytes = 1 << 20;
constexpr int kFlushMs = 1000, kFlushInSignalMs = 200;

std::atomic<Level> level_now{Level::kNotice};
// The role letter of a line: a server without replication is always a master.
constexpr char kRole = 'M';
std::atomic<Queue*> queue_now{nullptr};  // never destroyed: threads may log until the very end
// The log file's path for last words, which can take no lock. Changes only at start.
char last_words_file[PATH_MAX];

// Guards the sinks and keeps the lines of several threads apart.
std::mutex& SinksLock() {
  static std::mutex* lock = new std::mutex;
  return *lock;
}

Sinks& SinksNow() {
  static Sinks* sinks = new Sinks;
  return *sinks;
}

int64_t UnixMs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

Line MakeLine(Level level, std::string_view message) {
  std::string text = FormatLine(level, message, static_cast<int>(::getpid()), kRole, UnixMs());
  const size_t written = std::min(message.size(), kLongestMessageBytes);
  const size_t begin = text.size() - 1 - written;
  return {.level = level, .text = std::move(text), .message_begin = begin};
}

bool WriteToSinks(const Line& line) {
  std::lock_guard guard(SinksLock());
  return WriteTo(SinksNow(), line);
}

Line LostLine(uint64_t lost) {
  return MakeLine(Level::kWarning,
                  fmt::format("{} lines were lost because the log could not be written.", lost));
}

void Pass(Line line) {
  Queue* queue = queue_now.load(std::memory_order_acquire);
  if (queue != nullptr) return queue->Push(std::move(line));
  // Before the thread runs nobody could be told of a line that is lost.
  [[maybe_unused]] const bool written = WriteToSinks(line);
}

}  // namespace

void SetLevel(Level level) { level_now.store(level, std::memory_order_relaxed); }

Level CurrentLevel() { return level_now.load(std::memory_order_relaxed); }

void SetSinks(Sinks sinks) {
  std::lock_guard guard(SinksLock());
  if (SinksNow().syslog) ::closelog();
  SinksNow() = std::move(sinks);
  // openlog keeps the pointer, which lives as long as these sinks.
  const Sinks& now = SinksNow();
  std::snprintf(last_words_file, sizeof(last_words_file), "%s", now.file.c_str());
  if (now.syslog) ::openlog(now.syslog_ident.c_str(), LOG_PID | LOG_NDELAY | LOG_NOWAIT, now.syslog_facility);
}

void StartThread() {
  queue_now.store(new Queue(kMostQueuedBytes, WriteToSinks, LostLine), std::memory_order_release);
}

void Flush() {
  Queue* queue = queue_now.load(std::memory_order_acquire);
  if (queue != nullptr) [[maybe_unused]]
    const bool all = queue->Flush(kFlushMs);
}

void FlushInSignal() {
  const Queue* queue = queue_now.load(std::memory_order_acquire);
  constexpr timespec kMillisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int i = 0; queue != nullptr && queue->pending() != 0 && i < kFlushInSignalMs; ++i) {
    ::nanosleep(&kMillisecond, nullptr);
  }
}

void Write(Level level, std::string_view message) {
  if (!Enabled(level) || level == Level::kNothing) return;
  Pass(MakeLine(level, message));
}

void WriteRaw(Level level, std::string_view text) {
  if (!Enabled(level) || level == Level::kNothing) return;
  Pass({.level = level, .text = std::string(text), .message_begin = std::string::npos});
}

void WriteLast(Level level, std::string_view message) {
  if (!Enabled(level) || level == Level::kNothing) return;
  FlushInSignal();
  char line[kLongestLineBytes];
  const size_t size = FormatLine(level, message, static_cast<int>(::getpid()), kRole, UnixMs(), line);
  const int descriptor = OpenForLastWords(last_words_file);
  [[maybe_unused]] const ssize_t written = ::write(descriptor, line, size);
}

void SayLeftOut() {
  for (const std::string& sentence : LeftOut(Throttle::NowMs())) Write(Level::kWarning, sentence);
}

}  // namespace corral::log
