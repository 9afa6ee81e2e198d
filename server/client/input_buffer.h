// Bytes of a request that has not arrived in full: grows in place, read into directly.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace corral::client {

// Empty (and without memory) on an idle connection. Owned by the connection's worker.
class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer();
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

  // Free space at the tail, at least kMinimumRead bytes. `wanted` is the size at which the request can be complete
  // (0: unknown): a big argument is then grown towards it by doubling, never beyond what has been sent twice over.
  std::span<char> Tail(size_t wanted);
  void Commit(size_t bytes) { size_ += bytes; }

  // Keeps `rest`, which may lie inside this buffer or outside; without a rest the memory is freed.
  void Assign(std::string_view rest);

  static constexpr size_t kMinimumRead = 16 * 1024;

 private:
  void Grow(size_t capacity);

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace corral::client
