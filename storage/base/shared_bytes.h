// A reference-counted byte buffer: big values, and replies that several connections send at once, exist once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace corral::storage {

// A handle that owns one reference. The count is atomic, so a handle may be dropped on any thread. Only the
// thread that holds the single handle (`unique()`) may write the bytes.
//
//   heap block:  | refs u32 | pad u32 | size u64 | capacity u64 | bytes ... |
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(const SharedBytes& other) noexcept : block_(other.block_) {
    // The copier holds a reference already, so the count cannot fall to zero meanwhile: no ordering needed.
    if (block_ != nullptr) block_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() {
    if (block_ != nullptr) Drop();
  }

  // From this size on the allocator gives a buffer back to the system as soon as it is freed, which takes
  // about 0.1 ms for each MB.
  static constexpr size_t kReturnedBytes = 8 * 1024 * 1024;

  // An empty buffer that can hold `capacity` bytes (rounded up to what the allocator gives anyway).
  static SharedBytes Allocate(size_t capacity);
  static SharedBytes CopyOf(std::string_view bytes);

  explicit operator bool() const { return block_ != nullptr; }
  std::string_view view() const { return {data(), size()}; }
  char* data() const { return reinterpret_cast<char*>(block_ + 1); }
  size_t size() const { return block_->size; }
  size_t capacity() const { return block_->capacity; }
  bool unique() const { return block_->refs.load(std::memory_order_acquire) == 1; }
  // How many handles there are; others may come and go meanwhile.
  uint32_t handles() const { return block_->refs.load(std::memory_order_relaxed); }
  // Heap bytes of the block, header and slack included.
  size_t allocated_bytes() const;

  // Requires unique() and size <= capacity(). Does not touch the bytes.
  void SetSize(size_t size) { block_->size = size; }
  // Makes the handle unique with at least `capacity`, keeping min(size, capacity) bytes; copies only if
  // shared or too small (a unique buffer grows by realloc, which moves pages instead of bytes when it is
  // large).
  void Reserve(size_t capacity);

  // For a record that stores the handle as eight raw bytes: gives up, or takes over, one reference.
  void* Release() { return std::exchange(block_, nullptr); }
  static SharedBytes Adopt(void* raw) {
    SharedBytes bytes;
    bytes.block_ = static_cast<Block*>(raw);
    return bytes;
  }

 private:
  struct Block {
    std::atomic<uint32_t> refs;
    uint32_t pad;
    uint64_t size;
    uint64_t capacity;
  };
  void Drop();

  Block* block_ = nullptr;
};

}  // namespace corral::storage
