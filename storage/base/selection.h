// A choice of some of many while they pass by once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "storage/base/random.h"

namespace corral::storage {

// Of `of` things, `wanted` (or all, if they are fewer), each choice equally likely. Ask Takes once for each
// thing, in their order. Source: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
class Selection {
 public:
  Selection(uint64_t wanted, uint64_t of, Random& random)
      : wanted_(std::min(wanted, of)), left_(of), random_(random) {}

  bool Takes() {
    if (random_.Below(left_--) >= wanted_) return false;
    --wanted_;
    return true;
  }

 private:
  uint64_t wanted_, left_;
  Random& random_;
};

}  // namespace corral::storage
