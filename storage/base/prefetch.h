// Asking for a cache line ahead of its use.
#pragma once

namespace corral::storage {

// GCC takes a function that does nothing but __builtin_prefetch for one without effects, and drops the calls
// of it (seen with GCC 12 at -O2). The empty asm statement is the effect that it misses.
inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

// The same for a line that is about to be written: no other core keeps it. (For the builtin GCC has this
// instruction only when it compiles for a certain CPU; one that does not know it does nothing.)
inline void PrefetchForWrite(const void* address) {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
  asm volatile("" : : "r"(address));
#endif
}

}  // namespace corral::storage
