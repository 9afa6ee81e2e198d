// What must hold inside a data structure: whoever finds it broken ends the process and says what it is.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace corral::storage {

// For CheckInvariants, which tests call after random changes. `what` names the
// structure and what of it is broken.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken invariant: %s\n", what);
  std::abort();
}

}  // namespace corral::storage
