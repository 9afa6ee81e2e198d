#include "server/process/crash_report.h"

#include <execinfo.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "server/log/log.h"
#include "server/process/version.h"

namespace corral::process {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kDeepestStack = 100;

// A signal handler has no other way to know these; written before the handler is installed.
char crash_log_file[PATH_MAX];
std::atomic_flag reporting = ATOMIC_FLAG_INIT;

// A report under construction, without the allocator and stdio.
class Report {
 public:
  explicit Report(int descriptor) : descriptor_(descriptor) {}

  Report& operator<<(std::string_view text) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    static_cast<void>(written);  // nobody is left to be told
    return *this;
  }

  Report& Number(uint64_t value, unsigned base) {
    char digits[65];
    char* begin = digits + sizeof(digits);
    do {
      *--begin = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    return *this << std::string_view(begin, static_cast<size_t>(digits + sizeof(digits) - begin));
  }

 private:
  int descriptor_;
};

std::string_view NameOf(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGABRT";
  }
}

void WriteReport(int signal, const siginfo_t& info) {
  log::FlushInSignal();  // what was logged before belongs in front
  int descriptor = log::OpenForLastWords(crash_log_file);
  if (descriptor < 0) descriptor = STDERR_FILENO;
  Report report(descriptor);
  report << "\n\n=== CORRAL BUG REPORT START: Cut & paste starting from here ===\n"
         << "Corral " << kVersion << " crashed by signal: " << NameOf(signal) << " (";
  report.Number(static_cast<uint64_t>(signal), 10) << "), process ";
  report.Number(static_cast<uint64_t>(getpid()), 10) << "\n";
  if (info.si_code <= 0) {
    report << "Sent by process ";
    report.Number(static_cast<uint64_t>(info.si_pid), 10) << "\n";
  } else if (signal != SIGABRT) {
    report << "Accessing address: 0x";
    report.Number(reinterpret_cast<uintptr_t>(info.si_addr), 16) << "\n";
  }
  report << "\n------ STACK TRACE ------\n";
  void* frames[kDeepestStack];
  backtrace_symbols_fd(frames, backtrace(frames, kDeepestStack), descriptor);
  report << "\n=== CORRAL BUG REPORT END. ===\n";
}

void HandleCrash(int signal, siginfo_t* info, void*) {
  // One report only: another thread that crashes meanwhile waits to be killed with the process.
  if (reporting.test_and_set()) {
    for (;;) pause();
  }
  WriteReport(signal, *info);
  struct sigaction fallback {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  raise(signal);
}

}  // namespace

void InstallCrashReport(const std::string& log_file) {
  snprintf(crash_log_file, sizeof(crash_log_file), "%s", log_file.c_str());
  // The first call loads libgcc, which must not happen inside the handler.
  void* frame = nullptr;
  backtrace(&frame, 1);
  struct sigaction action {};
  action.sa_sigaction = HandleCrash;
  // NODEFER: a crash inside the handler, or raise() in it, kills instead of hanging.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

void SayOutOfMemory(size_t bytes) {
  char text[64];
  const auto end = fmt::format_to_n(text, sizeof(text), "Out Of Memory allocating {} bytes!", bytes);
  log::WriteLast(log::Level::kWarning, std::string_view(text, end.size));
}

void RemoveCrashReport() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
}

}  // namespace corral::process
