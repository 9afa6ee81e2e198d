// A key with its hash: computed once per command, used for shard, segment and tag.
#pragma once

#include <cstdint>
#include <string_view>

namespace corral::storage {

//  hash bits   63 ........ 52 | 51 ............ 16   | 15 ........... 0
//              shard index    | directory (low bits) | tag: bucket in the segment, and recognition
struct Key {
  std::string_view name;
  uint64_t hash;

  uint16_t tag() const { return static_cast<uint16_t>(hash); }
};

// The part that timing wheels keep of a hash: enough to find the bucket again.
inline uint32_t HashLow(uint64_t hash) { return static_cast<uint32_t>(hash); }

}  // namespace corral::storage
