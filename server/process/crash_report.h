// The report that a crash leaves in the log: version, signal, address, stack.
#pragma once

#include <string>

namespace corral::process {

// Reports SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT to the log file (empty: standard output), then dies of
// the same signal, so that core dumps and exit statuses are what they would have been. Works for all threads.
// The handler calls only what is safe inside a signal.
void InstallCrashReport(const std::string& log_file);

// Back to the system's behaviour (crash-log-enabled no).
void RemoveCrashReport();

}  // namespace corral::process
