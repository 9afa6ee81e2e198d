// Bytes of a request that has not arrived in full: grows in place, read into directly.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "protocol/request_reader.h"
#include "storage/lazy_free.h"

namespace corral::client {

// Empty (and without memory) on an idle connection. Owned by the connection's worker.
//
//   | done with, begin_ bytes | size_ bytes to read | free |  capacity_ in all
class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer();
  InputBuffer(InputBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  InputBuffer& operator=(const InputBuffer&) = delete;

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_ + begin_, size_}; }

  // Free space at the tail, at least kMinimumRead bytes. `wanted` is the size at which the request can be
  // complete (0: unknown): a big argument is then grown towards it by doubling, never beyond what has been
  // sent twice over.
  std::span<char> Tail(size_t wanted);
  void Commit(size_t bytes) { size_ += bytes; }

  // Keeps `rest`, which may lie inside this buffer (then it stays where it is) or outside; without a rest the
  // memory is freed.
  void Assign(std::string_view rest);

  static constexpr size_t kMinimumRead = 16 * 1024;

 private:
  void Grow(size_t capacity);

  char* data_ = nullptr;
  size_t begin_ = 0;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// What a connection no longer needs of what it has received, where it is slow to free.
struct InputGarbage final : storage::Garbage {
  explicit InputGarbage(InputBuffer&& dropped, protocol::RequestReader&& of = {})
      : input(std::move(dropped)), reader(std::move(of)) {}
  InputBuffer input;
  protocol::RequestReader reader;
};

}  // namespace corral::client
