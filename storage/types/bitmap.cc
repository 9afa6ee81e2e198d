#include "storage/types/bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace corral::storage {
namespace {

uint64_t WordAt(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Four sums, so that no addition waits for the one before.
[[gnu::always_inline]] inline uint64_t CountWords(const char* at, size_t words) {
  uint64_t sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= words; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[lane] += static_cast<uint64_t>(std::popcount(WordAt(at + 8 * (i + lane))));
    }
  }
  for (; i < words; ++i) sums[0] += static_cast<uint64_t>(std::popcount(WordAt(at + 8 * i)));
  return sums[0] + sums[1] + sums[2] + sums[3];
}

#ifdef __x86_64__
// x86-64 came without the instruction, so code for any such processor does without it.
[[gnu::target("popcnt")]] uint64_t CountWordsByInstruction(const char* at, size_t words) {
  return CountWords(at, words);
}
#endif

uint64_t CountWholeWords(const char* at, size_t words) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("popcnt");
  if (has_instruction) return CountWordsByInstruction(at, words);
#endif
  return CountWords(at, words);
}

// A byte of the range with the bits outside of the range cleared.
uint8_t Masked(uint8_t byte, size_t at, BitRange range) {
  if (at == range.first / 8) byte = static_cast<uint8_t>(byte & 0xff >> range.first % 8);
  if (at == range.last / 8) byte = static_cast<uint8_t>(byte & 0xff << (7 - range.last % 8));
  return byte;
}

// ---- CombineBits works on blocks that stay in the nearest cache, whatever the number of sources. ----

constexpr size_t kBlockBytes = 4096;

struct Block {
  char* out;
  size_t at;  // of its first byte in the sources
  size_t size;

  // What the source has of it; the rest of the block counts as zero.
  std::string_view Of(std::string_view source) const {
    return at < source.size() ? source.substr(at, size) : std::string_view();
  }
};

void Load(const Block& block, std::string_view source) {
  const std::string_view part = block.Of(source);
  if (!part.empty()) std::memcpy(block.out, part.data(), part.size());
  std::memset(block.out + part.size(), 0, block.size - part.size());
}

void And(const Block& block, std::string_view source) {
  const std::string_view part = block.Of(source);
  for (size_t i = 0; i < part.size(); ++i) block.out[i] = static_cast<char>(block.out[i] & part[i]);
  std::memset(block.out + part.size(), 0, block.size - part.size());
}

void Or(const Block& block, std::string_view source) {
  const std::string_view part = block.Of(source);
  for (size_t i = 0; i < part.size(); ++i) block.out[i] = static_cast<char>(block.out[i] | part[i]);
}

void Xor(const Block& block, std::string_view source) {
  const std::string_view part = block.Of(source);
  for (size_t i = 0; i < part.size(); ++i) block.out[i] = static_cast<char>(block.out[i] ^ part[i]);
}

void AndNot(const Block& block, std::string_view source) {
  const std::string_view part = block.Of(source);
  for (size_t i = 0; i < part.size(); ++i) block.out[i] = static_cast<char>(block.out[i] & ~part[i]);
}

void Not(const Block& block) {
  for (size_t i = 0; i < block.size; ++i) block.out[i] = static_cast<char>(~block.out[i]);
}

void ExactlyOne(const Block& block, std::span<const std::string_view> sources) {
  char twice[kBlockBytes] = {};
  Load(block, sources[0]);
  for (const std::string_view source : sources.subspan(1)) {
    const std::string_view part = block.Of(source);
    for (size_t i = 0; i < part.size(); ++i) {
      twice[i] = static_cast<char>(twice[i] | (block.out[i] & part[i]));
      block.out[i] = static_cast<char>(block.out[i] | part[i]);
    }
  }
  for (size_t i = 0; i < block.size; ++i) block.out[i] = static_cast<char>(block.out[i] & ~twice[i]);
}

template <typename Fold>
void FoldAll(const Block& block, std::span<const std::string_view> sources, Fold fold) {
  Load(block, sources[0]);
  for (const std::string_view source : sources.subspan(1)) fold(block, source);
}

void Combine(BitOperation operation, const Block& block, std::span<const std::string_view> sources) {
  switch (operation) {
    case BitOperation::kAnd:
      return FoldAll(block, sources, And);
    case BitOperation::kOr:
      return FoldAll(block, sources, Or);
    case BitOperation::kXor:
      return FoldAll(block, sources, Xor);
    case BitOperation::kNot:
      Load(block, sources[0]);
      return Not(block);
    case BitOperation::kDiff:
      return FoldAll(block, sources, AndNot);
    case BitOperation::kDiff1:
      FoldAll(block, sources.subspan(1), Or);
      return AndNot(block, sources[0]);
    case BitOperation::kAndOr:
      FoldAll(block, sources.subspan(1), Or);
      return And(block, sources[0]);
    case BitOperation::kOne:
      return ExactlyOne(block, sources);
  }
  __builtin_unreachable();
}

}  // namespace

uint64_t CountBits(std::string_view bytes) {
  const size_t words = bytes.size() / 8;
  uint64_t count = CountWholeWords(bytes.data(), words);
  for (size_t i = 8 * words; i < bytes.size(); ++i) {
    count += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(bytes[i])));
  }
  return count;
}

uint64_t CountBits(std::string_view bytes, BitRange range) {
  const size_t first = range.first / 8, last = range.last / 8;
  const auto end = [&](size_t at) {
    return static_cast<uint64_t>(std::popcount(Masked(static_cast<uint8_t>(bytes[at]), at, range)));
  };
  if (first == last) return end(first);
  return end(first) + CountBits(bytes.substr(first + 1, last - first - 1)) + end(last);
}

int64_t FindBit(std::string_view bytes, BitRange range, bool bit) {
  const size_t last = range.last / 8;
  const uint64_t flip = bit ? 0 : ~uint64_t{0};  // makes it a search for set bits
  const auto byte_at = [&](size_t at) {
    return Masked(static_cast<uint8_t>(static_cast<uint8_t>(bytes[at]) ^ flip), at, range);
  };
  size_t at = range.first / 8;
  if (byte_at(at) == 0) {
    ++at;
    while (at + 8 <= last && WordAt(bytes.data() + at) == flip) at += 8;
    while (at <= last && byte_at(at) == 0) ++at;
    if (at > last) return kNoBit;
  }
  return static_cast<int64_t>(8 * at) + std::countl_zero(byte_at(at));
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out, size_t size) {
  for (size_t at = 0; at < size; at += kBlockBytes) {
    Combine(operation, {out + at, at, std::min(kBlockBytes, size - at)}, sources);
  }
}

}  // namespace corral::storage
