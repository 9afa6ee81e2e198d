// malloc'd bytes that grow by doubling.
#include "server/client/input_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "storage/base/out_of_memory.h"

namespace corral::client {

InputBuffer::~InputBuffer() { std::free(data_); }

void InputBuffer::Grow(size_t capacity) {
  data_ = static_cast<char*>(storage::Allocated(std::realloc(data_, capacity), capacity));
  capacity_ = capacity;
}

std::span<char> InputBuffer::Tail(size_t wanted) {
  if (begin_ != 0) {
    std::memmove(data_, data_ + begin_, size_);
    begin_ = 0;
  }
  size_t room = capacity_ - size_;
  if (room < kMinimumRead && size_ + room < wanted) {
    Grow(std::max(size_ + kMinimumRead, std::min(wanted, 2 * size_)));
  } else if (room == 0 || (wanted <= size_ && room < kMinimumRead)) {
    // Redis's growth: a long line that came in one write is read to its end before its length is judged.
    Grow(size_ < 2 * kMinimumRead ? size_ + kMinimumRead : 2 * (size_ + kMinimumRead));
  }
  room = capacity_ - size_;
  // Reading up to the end of a big argument, and no further, leaves nothing to move afterwards.
  if (wanted > size_) room = std::min(room, std::max(wanted - size_, kMinimumRead));
  return {data_ + size_, room};
}

void InputBuffer::Assign(std::string_view rest) {
  if (rest.empty()) {
    std::free(data_);
    data_ = nullptr;
    begin_ = size_ = capacity_ = 0;
    return;
  }
  bool inside = data_ && rest.data() >= data_ && rest.data() < data_ + capacity_;
  if (inside) {
    begin_ = static_cast<size_t>(rest.data() - data_);
  } else {
    if (rest.size() > capacity_) Grow(rest.size());
    std::memcpy(data_, rest.data(), rest.size());
    begin_ = 0;
  }
  size_ = rest.size();
}

}  // namespace corral::client
