// HyperLogLog: how many different elements there were, in at most 12 KB, byte for byte as Redis stores it in
// a string.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/types/packed_buffer.h"

namespace corral::storage {

// The bytes of the string; used under the lock of its shard.
//
//   | "HYLL" | encoding 1: 0 dense, 1 sparse | 0 0 0 | cached count 8, top bit: out of date | registers |
//
//   dense    16384 registers of 6 bits, lowest bits first
//   sparse   runs, in order, 16384 registers together:
//            00llllll  l+1 zeros | 01llllll llllllll  l+1 zeros | 1vvvvvll  l+1 registers of value v+1
//
// A register holds the longest run of zeros of those elements' hashes that fall to it, plus one. Sources:
// Flajolet et al., HyperLogLog (2007); Heule et al., HyperLogLog in Practice (2013); the estimator: Ertl, New
// cardinality estimation algorithms for HyperLogLog sketches (2017).
class HyperLogLog {
 public:
  static constexpr unsigned kRegisters = 16384;
  static constexpr size_t kHeaderBytes = 16;
  static constexpr size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;
  static constexpr size_t kEmptyBytes = kHeaderBytes + 2;
  // Without an element, sparse.
  static constexpr char kEmpty[kEmptyBytes + 1] = "HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff";

  using Registers = std::array<uint8_t, kRegisters>;

  enum class Change : uint8_t { kNone, kChanged, kCorrupt };

  // Whether the header is that of a HyperLogLog, and a dense one has its size. What a sparse one says is
  // checked while it is read.
  static bool HasHeader(std::string_view bytes);
  static bool IsDense(std::string_view bytes) { return bytes[4] == 0; }

  // Both mark the cached count out of date if anything changed. A sparse one that would take more than
  // `sparse_max_bytes`, or needs a register above 32, becomes dense.
  static Change Add(PackedBuffer& buffer, std::string_view element, size_t sparse_max_bytes);
  static Change SetRegister(PackedBuffer& buffer, unsigned index, uint8_t value, size_t sparse_max_bytes);
  // False when the bytes are corrupt.
  [[nodiscard]] static bool MakeDense(PackedBuffer& buffer);

  // The runs of a sparse one as Redis's PFDEBUG DECODE shows them: z and Z zeros, v value,registers. It ends
  // where the bytes do.
  static std::string DescribeRuns(std::string_view bytes);

  // Raises each register to that of `bytes`; false when those are corrupt.
  [[nodiscard]] static bool MergeInto(std::string_view bytes, Registers* registers);
  static uint64_t Count(const Registers& registers);

  // The count that an earlier PFCOUNT left in the bytes, if it still holds.
  static bool CachedCount(std::string_view bytes, uint64_t* count);
  static void CacheCount(PackedBuffer& buffer, uint64_t count);
  static void MarkChanged(PackedBuffer& buffer);

 private:
  static Change SetDense(PackedBuffer& buffer, unsigned index, uint8_t value);
  static void JoinRuns(PackedBuffer& buffer, size_t from);
};

}  // namespace corral::storage
