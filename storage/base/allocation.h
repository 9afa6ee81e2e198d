// Raw memory whose owner knows its size: freeing it by size saves the allocator a look-up.
#pragma once

#include <bit>
#include <cstddef>
#include <new>

namespace corral::storage {

// All the allocator holds for `size` bytes: jemalloc's classes, multiples of 16 up to 128, then four to each
// doubling. Asking for a whole class wastes nothing with it, and with another allocator makes true what this
// says.
constexpr size_t SizeClass(size_t size) {
  if (size <= 16) return 16;
  if (size <= 128) return (size + 15) & ~size_t{15};
  const size_t step = size_t{1} << (std::bit_width(size - 1) - 3);
  return (size + step - 1) & ~(step - 1);
}

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
