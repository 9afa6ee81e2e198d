// The cursor of SCAN: a shard and a place in its walk, as one number that clients carry.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "storage/base/hash_index.h"

namespace corral::storage {

//   | prefix: depth bits | shard: log2(shards) bits | depth 6 | tag 16 |
//
// 0 is the start. Clients may send any number: it names some place, or one behind the end. Small tables give
// small numbers, which survive clients that read them into a double.
class ScanCursor {
 public:
  explicit ScanCursor(uint32_t shards) : shard_bits_(std::bit_width(shards) - 1) {}

  uint64_t Encode(uint32_t shard, const WalkPosition& at) const {
    return uint64_t{at.prefix} << (kShardShift + shard_bits_) | uint64_t{shard} << kShardShift |
           uint64_t{at.depth} << kTagBits | at.tag;
  }
  void Decode(uint64_t cursor, uint32_t* shard, WalkPosition* at) const {
    *shard = static_cast<uint32_t>(cursor >> kShardShift) & ((1u << shard_bits_) - 1);
    const auto depth = std::min(static_cast<uint32_t>(cursor >> kTagBits) & 63, kMaxIndexDepth);
    at->depth = static_cast<uint8_t>(depth);
    at->tag = static_cast<uint32_t>(cursor) & 0xffff;
    at->prefix = static_cast<uint32_t>(cursor >> (kShardShift + shard_bits_)) & ((1u << depth) - 1);
  }

 private:
  static constexpr int kTagBits = 16;
  static constexpr int kShardShift = kTagBits + 6;

  int shard_bits_;
};

}  // namespace corral::storage
