// The radix tree that Redis would make of ids: of how many nodes it is.
#pragma once

#include <cstddef>
#include <optional>

#include "storage/types/stream/stream_id.h"

namespace corral::storage {

// Ids are keys of sixteen bytes there, compared byte by byte. A node is a byte on which keys part, a chain of
// bytes that they share, or the end of a key. Takes the ids in ascending order; O(1) for each.
class RadixShape {
 public:
  void Add(StreamId id);
  size_t nodes() const;  // of all that were added; XINFO STREAM says 1 for none

 private:
  void Close(int shared);

  std::optional<StreamId> last_;
  size_t nodes_ = 0;  // that no further id can change
  int parting_[16];   // the depths at which the last key has parted from others, ascending
  int partings_ = 0;
};

}  // namespace corral::storage
