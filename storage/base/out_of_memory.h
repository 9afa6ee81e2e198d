// The end of the process when there is no memory left: one handler for every allocation that cannot fail.
#pragma once

#include <cstddef>

namespace corral::storage {

// What the process says before it aborts. It must not allocate. Any thread may meet it.
using OutOfMemoryHandler = void (*)(size_t bytes);

// Until then, one line goes to standard error. Before there are threads.
void SetOutOfMemoryHandler(OutOfMemoryHandler handler);

// Tells the handler how many bytes were asked for, and aborts. Called by `operator new`, which is replaced
// for this (the standard's new handler does not learn the size, and would end those too that ask with
// std::nothrow), and by whoever calls malloc.
[[noreturn]] void OutOfMemory(size_t bytes);

// What malloc or realloc answered when asked for `bytes`, which are more than none.
inline void* Allocated(void* memory, size_t bytes) {
  if (memory == nullptr) [[unlikely]]
    OutOfMemory(bytes);
  return memory;
}

}  // namespace corral::storage
