#include "storage/types/bitmap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

// Mostly long runs of equal bytes, so that whole words are skipped.
std::string RandomBytes(Random& random, size_t most) {
  std::string bytes;
  const size_t size = random.Below(most + 1);
  while (bytes.size() < size) {
    const size_t run = 1 + random.Below(40);
    const uint64_t kind = random.Below(4);
    const char byte = kind == 0 ? '\0' : kind == 1 ? '\xff' : static_cast<char>(random.Next());
    bytes.append(std::min(run, size - bytes.size()), byte);
  }
  return bytes;
}

std::vector<bool> BitsOf(std::string_view bytes) {
  std::vector<bool> bits;
  for (uint64_t i = 0; i < 8 * bytes.size(); ++i) bits.push_back(BitAt(bytes, i));
  return bits;
}

TEST_CASE("bitmap: the highest bit of the first byte is bit 0, and bits behind the end are 0") {
  CHECK(BitAt("\x80", 0));
  CHECK_FALSE(BitAt("\x80", 1));
  CHECK(BitAt(std::string_view("\0\x01", 2), 15));
  CHECK_FALSE(BitAt("\xff", 8));
  CHECK_FALSE(BitAt("", uint64_t{1} << 40));
  std::string bytes("\0\xff", 2);
  SetBitAt(bytes.data(), 1, true);
  SetBitAt(bytes.data(), 15, false);
  SetBitAt(bytes.data(), 14, true);
  CHECK(bytes == "\x40\xfe");
}

TEST_CASE("bitmap: counting and finding agree with a walk over the bits") {
  const uint32_t seed = TestSeed();
  Random random(seed);
  CAPTURE(seed);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomBytes(random, round < 300 ? 20 : 400);
    const std::vector<bool> bits = BitsOf(bytes);
    REQUIRE(CountBits(bytes) == static_cast<uint64_t>(std::count(bits.begin(), bits.end(), true)));
    if (bits.empty()) continue;
    uint64_t first = random.Below(bits.size()), last = random.Below(bits.size());
    if (first > last) std::swap(first, last);
    const auto begin = bits.begin() + static_cast<int64_t>(first),
               end = bits.begin() + static_cast<int64_t>(last) + 1;
    REQUIRE(CountBits(bytes, {first, last}) == static_cast<uint64_t>(std::count(begin, end, true)));
    for (const bool bit : {false, true}) {
      const auto found = std::find(begin, end, bit);
      REQUIRE(FindBit(bytes, {first, last}, bit) == (found == end ? kNoBit : found - bits.begin()));
    }
  }
}

bool Combined(BitOperation operation, const std::vector<bool>& bits) {
  const auto others = std::count(bits.begin() + 1, bits.end(), true);
  switch (operation) {
    case BitOperation::kAnd:
      return bits[0] && others == static_cast<int64_t>(bits.size()) - 1;
    case BitOperation::kOr:
      return bits[0] || others > 0;
    case BitOperation::kXor:
      return (bits[0] + others) % 2 == 1;
    case BitOperation::kNot:
      return !bits[0];
    case BitOperation::kDiff:
      return bits[0] && others == 0;
    case BitOperation::kDiff1:
      return !bits[0] && others > 0;
    case BitOperation::kAndOr:
      return bits[0] && others > 0;
    case BitOperation::kOne:
      return bits[0] + others == 1;
  }
  return false;
}

TEST_CASE("bitmap: every operation on sources of any lengths, across blocks") {
  const uint32_t seed = TestSeed();
  Random random(seed);
  CAPTURE(seed);
  for (int round = 0; round < 400; ++round) {
    const auto operation = static_cast<BitOperation>(random.Below(8));
    const size_t least = operation == BitOperation::kDiff || operation == BitOperation::kDiff1 ||
                                 operation == BitOperation::kAndOr
                             ? 2
                             : 1;
    const size_t count = operation == BitOperation::kNot ? 1 : least + random.Below(4);
    std::vector<std::string> texts;
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      texts.push_back(RandomBytes(random, round % 40 == 0 ? 10'000 : 60));
      size = std::max(size, texts.back().size());
    }
    const std::vector<std::string_view> sources(texts.begin(), texts.end());
    std::string out(size, 'x');
    CombineBits(operation, sources, out.data(), size);
    for (uint64_t bit = 0; bit < 8 * size; ++bit) {
      std::vector<bool> bits;
      for (const std::string_view source : sources) bits.push_back(BitAt(source, bit));
      REQUIRE(BitAt(out, bit) == Combined(operation, bits));
    }
  }
}

}  // namespace
}  // namespace corral::storage
