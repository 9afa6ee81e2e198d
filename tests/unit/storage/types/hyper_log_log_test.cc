#include "storage/types/hyper_log_log.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>

#include "storage/base/random.h"
#include "tests/unit/storage/types/owned_buffer.h"

namespace corral::storage {
namespace {

constexpr size_t kSparseMax = 3000;

OwnedBuffer Empty() { return OwnedBuffer({HyperLogLog::kEmpty, HyperLogLog::kEmptyBytes}); }

HyperLogLog::Registers RegistersOf(std::string_view bytes) {
  HyperLogLog::Registers registers{};
  REQUIRE(HyperLogLog::MergeInto(bytes, &registers));
  return registers;
}

TEST_CASE("an empty one counts nothing, out of its cache") {
  OwnedBuffer buffer = Empty();
  CHECK(HyperLogLog::HasHeader(buffer.view()));
  uint64_t count = 99;
  CHECK(HyperLogLog::CachedCount(buffer.view(), &count));
  CHECK(count == 0);
  CHECK(HyperLogLog::Count(RegistersOf(buffer.view())) == 0);
}

TEST_CASE("sparse and dense hold the same registers, and the change between them is seen") {
  OwnedBuffer sparse = Empty(), dense = Empty();
  REQUIRE(HyperLogLog::MakeDense(dense));
  CHECK(dense.size() == HyperLogLog::kDenseBytes);
  bool was_sparse = true;
  for (int i = 0; i < 20'000; ++i) {
    const std::string element = "element " + std::to_string(i % 15'000);
    const auto changed = HyperLogLog::Add(sparse, element, kSparseMax);
    REQUIRE(changed != HyperLogLog::Change::kCorrupt);
    REQUIRE(HyperLogLog::Add(dense, element, kSparseMax) == changed);
    if (i >= 15'000) REQUIRE(changed == HyperLogLog::Change::kNone);
    if (i % 200 == 0) REQUIRE(RegistersOf(sparse.view()) == RegistersOf(dense.view()));
    const bool is_sparse = !HyperLogLog::IsDense(sparse.view());
    if (is_sparse) REQUIRE(sparse.size() <= kSparseMax);
    if (!was_sparse) REQUIRE(!is_sparse);
    was_sparse = is_sparse;
  }
  CHECK_FALSE(was_sparse);
  CHECK(sparse.view() == dense.view());
}

TEST_CASE("the count is within four standard errors, and cached until something changes") {
  for (const int elements : {1, 10, 100, 1000, 10'000, 100'000}) {
    OwnedBuffer buffer = Empty();
    for (int i = 0; i < elements; ++i) HyperLogLog::Add(buffer, std::to_string(i), kSparseMax);
    uint64_t cached;
    CHECK_FALSE(HyperLogLog::CachedCount(buffer.view(), &cached));
    const uint64_t count = HyperLogLog::Count(RegistersOf(buffer.view()));
    CHECK(std::abs(static_cast<double>(count) - elements) <= 4 * 0.0081 * elements + 0.5);
    HyperLogLog::CacheCount(buffer, count);
    REQUIRE(HyperLogLog::CachedCount(buffer.view(), &cached));
    CHECK(cached == count);
    HyperLogLog::Add(buffer, "0", kSparseMax);
    CHECK(HyperLogLog::CachedCount(buffer.view(), &cached));
  }
}

TEST_CASE("a register above what sparse runs can say makes it dense") {
  OwnedBuffer buffer = Empty();
  CHECK(HyperLogLog::SetRegister(buffer, 7, 32, kSparseMax) == HyperLogLog::Change::kChanged);
  CHECK_FALSE(HyperLogLog::IsDense(buffer.view()));
  CHECK(HyperLogLog::SetRegister(buffer, 7, 33, kSparseMax) == HyperLogLog::Change::kChanged);
  CHECK(HyperLogLog::IsDense(buffer.view()));
  CHECK(RegistersOf(buffer.view())[7] == 33);
}

TEST_CASE("neighbours of one value become one run") {
  OwnedBuffer buffer = Empty();
  for (const unsigned index : {100u, 102u, 101u, 103u})
    HyperLogLog::SetRegister(buffer, index, 5, kSparseMax);
  CHECK(buffer.size() == HyperLogLog::kHeaderBytes + 2 + 1 + 2);  // zeros, one run of four, zeros
}

TEST_CASE("runs are described as PFDEBUG DECODE shows them") {
  OwnedBuffer buffer = Empty();
  CHECK(HyperLogLog::DescribeRuns(buffer.view()) == "Z:16384");
  HyperLogLog::SetRegister(buffer, 10, 3, kSparseMax);
  CHECK(HyperLogLog::DescribeRuns(buffer.view()) == "z:10 v:3,1 Z:16373");
  const std::string cut(buffer.data(), buffer.size() - 1);
  CHECK(HyperLogLog::DescribeRuns(cut) == "z:10 v:3,1");
}

TEST_CASE("random bytes behind the header are read without harm") {
  Random random(41);
  size_t corrupt = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(HyperLogLog::kEmpty, HyperLogLog::kHeaderBytes);
    for (size_t i = random.Below(200); i > 0; --i) {
      bytes += static_cast<char>(random.Below(3) == 0 ? 0x40 | random.Below(64) : random.Next());
    }
    OwnedBuffer buffer(bytes);
    auto registers = std::make_unique<HyperLogLog::Registers>();
    if (!HyperLogLog::MergeInto(buffer.view(), registers.get())) ++corrupt;
    const auto index = static_cast<unsigned>(random.Below(HyperLogLog::kRegisters));
    const auto value = static_cast<uint8_t>(1 + random.Below(50));
    HyperLogLog::SetRegister(buffer, index, value, kSparseMax);
    (void)HyperLogLog::MakeDense(buffer);
  }
  CHECK(corrupt > 1000);
}

}  // namespace
}  // namespace corral::storage
