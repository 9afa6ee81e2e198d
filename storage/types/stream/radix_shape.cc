#include "storage/types/stream/radix_shape.h"

#include <algorithm>
#include <bit>

namespace corral::storage {
namespace {

constexpr int kKeyBytes = 16;

// How many bytes two different ids share at their beginnings.
int SharedBytes(StreamId a, StreamId b) {
  if (a.ms != b.ms) return std::countl_zero(a.ms ^ b.ms) / 8;
  return 8 + std::countl_zero(a.seq ^ b.seq) / 8;
}

// A chain between the byte at `parent` on which keys part, or -1 for the root, and what is at `depth`.
size_t Chain(int parent, int depth) { return depth > parent + 1 ? 1 : 0; }

}  // namespace

// The last key is complete, and the next one shares so many bytes with it, or -1 if there is none: what lies
// deeper has all of its keys.
void RadixShape::Close(int shared) {
  int depth = kKeyBytes;
  while (true) {
    const int parent = std::max(partings_ > 0 ? parting_[partings_ - 1] : -1, shared);
    nodes_ += 1 + Chain(parent, depth);
    if (partings_ == 0 || parting_[partings_ - 1] <= shared) return;
    depth = parting_[--partings_];
  }
}

void RadixShape::Add(StreamId id) {
  if (last_) {
    const int shared = SharedBytes(*last_, id);
    Close(shared);
    if (partings_ == 0 || parting_[partings_ - 1] < shared) parting_[partings_++] = shared;
  }
  last_ = id;
}

size_t RadixShape::nodes() const {
  if (!last_) return 1;
  RadixShape whole = *this;
  whole.Close(-1);
  return whole.nodes_;
}

}  // namespace corral::storage
