// The report that a crash leaves in the log: version, signal, address, stack.
#pragma once

#include <cstddef>
#include <string>

namespace corral::process {

// Reports SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT to the log file (empty: standard output), then dies of
// the same signal, so that core dumps and exit statuses are what they would have been. Works for all threads.
// The handler calls only what is safe inside a signal.
void InstallCrashReport(const std::string& log_file);

// Back to the system's behaviour (crash-log-enabled no).
void RemoveCrashReport();

// Redis's line for the process that ends because it gets no memory. Allocates nothing and waits for nobody.
void SayOutOfMemory(size_t bytes);

}  // namespace corral::process
