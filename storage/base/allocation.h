// Raw memory whose owner knows its size: freeing it by size saves the allocator a look-up.
#pragma once

#include <cstddef>
#include <new>

namespace corral::storage {

inline void FreeSized(void* memory, [[maybe_unused]] size_t size) {
#if defined(__cpp_sized_deallocation)
  ::operator delete(memory, size);
#else  // clang 14 has it only when asked
  ::operator delete(memory);
#endif
}

inline void FreeSized(void* memory, [[maybe_unused]] size_t size, std::align_val_t alignment) {
#if defined(__cpp_sized_deallocation)
  ::operator delete(memory, size, alignment);
#else
  ::operator delete(memory, alignment);
#endif
}

}  // namespace corral::storage
