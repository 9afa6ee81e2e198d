// Raw memory of a size that its owner knows: giving it back by size spares the allocator the search for it.
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
