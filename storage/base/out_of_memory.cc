#include "storage/base/out_of_memory.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace corral::storage {
namespace {

void SayToStandardError(size_t bytes) {
  std::fprintf(stderr, "Out Of Memory allocating %zu bytes!\n", bytes);
}

std::atomic<OutOfMemoryHandler> handler_now{SayToStandardError};

}  // namespace

void SetOutOfMemoryHandler(OutOfMemoryHandler handler) { handler_now.store(handler); }

void OutOfMemory(size_t bytes) {
  handler_now.load()(bytes);
  std::abort();
}

}  // namespace corral::storage

// A sanitizer's allocator names the bytes by itself, and wants its own `new` to go with its own `delete`.
#ifndef CORRAL_SANITIZED

void* operator new(size_t bytes) {
  return corral::storage::Allocated(std::malloc(bytes != 0 ? bytes : 1), bytes);
}

void* operator new[](size_t bytes) { return operator new(bytes); }

// Who asks this way can do without.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes != 0 ? bytes : 1);
}

void* operator new[](size_t bytes, const std::nothrow_t& nothrow) noexcept {
  return operator new(bytes, nothrow);
}

void* operator new(size_t bytes, std::align_val_t alignment) {
  const auto multiple = static_cast<size_t>(alignment);
  const size_t rounded = (bytes + multiple - 1) / multiple * multiple;
  return corral::storage::Allocated(std::aligned_alloc(multiple, rounded != 0 ? rounded : multiple), bytes);
}

void* operator new[](size_t bytes, std::align_val_t alignment) { return operator new(bytes, alignment); }

#endif
