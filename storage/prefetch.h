// Asking for a cache line ahead of its use.
#pragma once

namespace corral::storage {

// GCC takes a function that does nothing but __builtin_prefetch for one without effects, and drops the calls
// of it (seen with GCC 12 at -O2). The empty asm statement is the effect that it misses.
inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

}  // namespace corral::storage
