// What an array that is filled and emptied again and again keeps of its memory.
#pragma once

#include <cstddef>

namespace corral::storage {

// What most arrays keep: a usual turn, or a usual command, fits into it and allocates nothing.
inline constexpr size_t kKeptBytes = 64 * 1024;

// Out of line, so that the check itself costs next to nothing where it stands.
template <class Array>
[[gnu::noinline, gnu::cold]] void Shrink(Array& array) {
  array.shrink_to_fit();
}

// After an array (std::vector, std::string) has lost elements: gives memory back if there are more than
// `kept_bytes` of it and a quarter or less is in use. A peak would otherwise be kept for as long as the array
// lives.
template <class Array>
void GiveBack(Array& array, size_t kept_bytes = kKeptBytes) {
  const size_t capacity = array.capacity();
  if (capacity * sizeof(typename Array::value_type) > kept_bytes && array.size() <= capacity / 4) [[unlikely]]
    Shrink(array);
}

}  // namespace corral::storage
