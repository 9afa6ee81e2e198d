// What a micro-benchmark is told on its command line; on anything else it says how it is used, and ends
// with 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "storage/base/number.h"

namespace corral::microbench {

[[noreturn]] inline void EndWithUsage(const char* usage) {
  std::fprintf(stderr, "usage: %s\n", usage);
  std::exit(1);
}

// The number from 1 to `most` at argv[at]; `otherwise` when there are fewer arguments.
inline size_t CountArgument(int argc, char** argv, int at, size_t otherwise, size_t most, const char* usage) {
  if (argc <= at) return otherwise;
  int64_t count;
  if (!storage::ParseInt64(argv[at], &count) || count < 1 || static_cast<size_t>(count) > most)
    EndWithUsage(usage);
  return static_cast<size_t>(count);
}

}  // namespace corral::microbench
