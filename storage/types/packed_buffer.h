// The bytes of a packed value while it is changed, wherever they lie: in a record, in a node of a list or of
// a stream.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace corral::storage {

// Owned by whoever owns the value; used under the lock of its shard. Who derives says where the bytes lie and
// how they grow.
class PackedBuffer {
 public:
  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }

  // Replaces `removed` bytes at `at` by `added` bytes that the caller writes, and moves what lies behind
  // them. Returns where to write; earlier pointers into the bytes are void.
  char* Splice(size_t at, size_t removed, size_t added) {
    const size_t behind = size_ - at - removed;
    if (added > removed) Resize(size_ + added - removed);
    std::memmove(data_ + at + added, data_ + at + removed, behind);
    if (added < removed) Resize(size_ + added - removed);
    return data_ + at;
  }

 protected:
  PackedBuffer() = default;
  PackedBuffer(char* data, size_t size) : data_(data), size_(size) {}
  PackedBuffer(const PackedBuffer&) = default;
  PackedBuffer& operator=(const PackedBuffer&) = default;
  ~PackedBuffer() = default;

  // Makes it `size` bytes long and sets data_ and size_; the bytes that both sizes have are kept.
  virtual void Resize(size_t size) = 0;

  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace corral::storage
