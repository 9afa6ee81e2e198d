// What PFSELFTEST checks of HyperLogLogs.
#pragma once

#include <cstdint>
#include <string>

namespace corral::commands {

// Registers keep what is put into them, sparse and dense agree, and counts of up to `elements` different
// elements are within six standard errors. Nothing if all is well, else a reply's error.
std::string TestHyperLogLogs(uint64_t elements, uint64_t seed);

}  // namespace corral::commands
