// The background fork, the pid file and the crash report, each in a child process of the test.
#include "server/process/daemon.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "server/process/crash_report.h"
#include "server/process/version.h"

namespace corral::process {
namespace {

// Runs `body` in a child and answers its wait status.
int StatusOf(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(7);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

std::string TemporaryFile() {
  char path[] = "/tmp/corral-process-XXXXXX";
  const int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  close(descriptor);
  return path;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("daemon: the first process ends as the daemon fares") {
  const int good = StatusOf([] {
    Daemon daemon;
    if (!daemon.Fork()) _exit(8);
    daemon.Ready();
    _exit(9);  // the daemon's own status interests nobody any more
  });
  CHECK(WIFEXITED(good));
  CHECK(WEXITSTATUS(good) == 0);
  const int bad = StatusOf([] {
    Daemon daemon;
    if (!daemon.Fork()) _exit(8);
    _exit(0);  // ends before it is ready
  });
  CHECK(WIFEXITED(bad));
  CHECK(WEXITSTATUS(bad) == 1);
}

TEST_CASE("pid file: written, and removed by its writer only") {
  const std::string path = TemporaryFile();
  {
    PidFile file(path);
    CHECK(Contents(path) == std::to_string(getpid()) + "\n");
    CHECK(WEXITSTATUS(StatusOf([&] {
            file.~PidFile();
            _exit(access(path.c_str(), F_OK) == 0 ? 0 : 1);
          })) == 0);
  }
  CHECK(access(path.c_str(), F_OK) != 0);
  PidFile nowhere("/nonexistent/pid");
  PidFile none("");
}

TEST_CASE("crash report: signal, address and stack, and death by the same signal") {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    CAPTURE(signal);
    const std::string path = TemporaryFile();
    const int status = StatusOf([&] {
      InstallCrashReport(path);
      raise(signal);
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
    const std::string report = Contents(path);
    CHECK(report.find("Corral " + std::string(kVersion) + " crashed by signal: SIG") != std::string::npos);
    CHECK(report.find("(" + std::to_string(signal) + ")") != std::string::npos);
    CHECK(report.find("STACK TRACE") != std::string::npos);
    CHECK(report.find("REPORT END") != std::string::npos);
    unlink(path.c_str());
  }
}

TEST_CASE("crash report: removed") {
  const std::string path = TemporaryFile();
  const int status = StatusOf([&] {
    InstallCrashReport(path);
    RemoveCrashReport();
    raise(SIGABRT);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(Contents(path).empty());
  unlink(path.c_str());
}

}  // namespace
}  // namespace corral::process
