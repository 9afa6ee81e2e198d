// Any file as a trace of requests, in both formats: read or refused, never more than it holds.
#include "tools/hit_ratio/trace.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void Require(bool condition) {
  if (!condition) abort();
}

template <class Read>
void Check(Read read, const std::string& path, size_t most, size_t largest) {
  corral::hit_ratio::Trace trace;
  std::string error;
  const bool good = read(path, most, &trace, &error);
  Require(good == error.empty());
  if (!good) return;
  Require(!trace.requests.empty() && trace.requests.size() <= most && trace.requests.size() <= largest);
  int64_t before_ms = 0;
  for (const auto& request : trace.requests) {
    Require(request.time_ms >= before_ms);
    before_ms = request.time_ms;
  }
}

}  // namespace

// Input: a byte with the most requests to read, then the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const int file = memfd_create("trace", MFD_CLOEXEC);
  Require(file >= 0);
  Require(write(file, data + 1, size - 1) == static_cast<ssize_t>(size - 1));
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const size_t most = 1 + data[0];
  Check(corral::hit_ratio::ReadOracleGeneral, path, most, (size - 1) / 24);
  Check(corral::hit_ratio::ReadText, path, most, size);
  close(file);
  return 0;
}
