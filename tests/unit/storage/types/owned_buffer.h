// A packed buffer on a string of its own, for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "storage/types/packed_buffer.h"

namespace corral::storage {

class OwnedBuffer : public PackedBuffer {
 public:
  explicit OwnedBuffer(std::string_view bytes) { Take(std::string(bytes)); }

 private:
  // Every change moves the bytes, so that a stale pointer is found by AddressSanitizer.
  void Resize(size_t size) override {
    std::string moved(bytes_, 0, std::min(size, bytes_.size()));
    moved.resize(size);
    Take(std::move(moved));
  }
  void Take(std::string bytes) {
    bytes_ = std::move(bytes);
    data_ = bytes_.data();
    size_ = bytes_.size();
  }

  std::string bytes_;
};

}  // namespace corral::storage
