// A range of bytes that is to be written to a stream, without a copy.
#pragma once

#include <cstddef>

namespace corral::net {

struct Slice {
  const char* data;
  size_t size;
};

}  // namespace corral::net
