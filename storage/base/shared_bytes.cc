// A reference-counted byte buffer on malloc, whose slack it uses.
#include "storage/base/shared_bytes.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "storage/base/out_of_memory.h"

namespace corral::storage {
namespace {

// The system frees a big buffer in one call (20 ms for 256 MB), during which no other thread of the process
// gets memory from it. So the pages are given back before that call, a few at a time.
constexpr uintptr_t kSliceBytes = 1024 * 1024;

void ReturnPages(const char* data, size_t bytes) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t at = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) / page * page;
  for (; at < end; at += std::min(kSliceBytes, end - at)) {
    madvise(reinterpret_cast<void*>(at), std::min(kSliceBytes, end - at), MADV_DONTNEED);
  }
}

}  // namespace

SharedBytes SharedBytes::Allocate(size_t capacity) {
  const size_t bytes_wanted = sizeof(Block) + capacity;
  void* raw = Allocated(malloc(bytes_wanted), bytes_wanted);
  size_t usable = malloc_usable_size(raw);
  SharedBytes bytes;
  bytes.block_ = new (raw) Block{1, 0, 0, usable - sizeof(Block)};
  return bytes;
}

SharedBytes SharedBytes::CopyOf(std::string_view source) {
  SharedBytes bytes = Allocate(source.size());
  if (!source.empty()) memcpy(bytes.data(), source.data(), source.size());
  bytes.SetSize(source.size());
  return bytes;
}

size_t SharedBytes::allocated_bytes() const { return malloc_usable_size(block_); }

void SharedBytes::Reserve(size_t capacity) {
  if (block_ == nullptr) {
    *this = Allocate(capacity);
    return;
  }
  if (unique()) {
    if (capacity <= this->capacity()) return;
    const size_t bytes_wanted = sizeof(Block) + capacity;
    void* raw = Allocated(realloc(static_cast<void*>(block_), bytes_wanted), bytes_wanted);
    block_ = static_cast<Block*>(raw);
    block_->capacity = malloc_usable_size(raw) - sizeof(Block);
    return;
  }
  size_t kept = size() < capacity ? size() : capacity;
  SharedBytes copy = Allocate(capacity);
  if (kept > 0) memcpy(copy.data(), data(), kept);
  copy.SetSize(kept);
  *this = std::move(copy);
}

void SharedBytes::Drop() {
  // The last holder needs no atomic write: nobody else can make a copy any more.
  if (unique() || block_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    if (capacity() >= kReturnedBytes) [[unlikely]]
      ReturnPages(data(), capacity());
    free(block_);
  }
}

}  // namespace corral::storage
