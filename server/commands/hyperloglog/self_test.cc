#include "server/commands/hyperloglog/self_test.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "storage/base/random.h"
#include "storage/types/hyper_log_log.h"

namespace corral::commands {
namespace {

using storage::HyperLogLog;

// A HyperLogLog that no key holds.
class LooseHyperLogLog final : public storage::PackedBuffer {
 public:
  LooseHyperLogLog() : bytes_(HyperLogLog::kEmpty, HyperLogLog::kEmptyBytes) { Show(); }

 private:
  void Resize(size_t size) override {
    bytes_.resize(size);
    Show();
  }
  void Show() {
    data_ = bytes_.data();
    size_ = bytes_.size();
  }

  std::string bytes_;
};

// Sparse ones are walked for each element, so that this bounds the time, too.
constexpr size_t kSparseBytes = 3000;

std::string TestRegisters(storage::Random& random) {
  constexpr int kRounds = 4;
  constexpr uint8_t kHighest = 51;
  LooseHyperLogLog dense;
  if (!HyperLogLog::MakeDense(dense)) return "TESTFAILED an empty one does not become dense";
  HyperLogLog::Registers expected{}, found{};
  for (int round = 0; round < kRounds; ++round) {
    for (unsigned i = 0; i < HyperLogLog::kRegisters; ++i) {
      const auto value = static_cast<uint8_t>(1 + random.Below(kHighest));
      HyperLogLog::SetRegister(dense, i, value, 0);
      expected[i] = std::max(expected[i], value);
    }
    if (!HyperLogLog::MergeInto(dense.view(), &found)) return "TESTFAILED a dense one is corrupt";
    const auto [wanted, got] = std::ranges::mismatch(expected, found);
    if (wanted == expected.end()) continue;
    return "TESTFAILED Register " + std::to_string(wanted - expected.begin()) + " should be " +
           std::to_string(*wanted) + " but is " + std::to_string(*got);
  }
  return {};
}

std::string TestCounts(uint64_t elements, storage::Random& random) {
  const double standard_error = 1.04 / std::sqrt(HyperLogLog::kRegisters);
  LooseHyperLogLog sparse, dense;
  if (!HyperLogLog::MakeDense(dense)) return "TESTFAILED an empty one does not become dense";
  const uint64_t base = random.Next();
  uint64_t checkpoint = 1;
  for (uint64_t i = 1; i <= elements; ++i) {
    const uint64_t element = base ^ i;
    const std::string_view bytes(reinterpret_cast<const char*>(&element), sizeof element);
    if (HyperLogLog::Add(dense, bytes, 0) != HyperLogLog::Add(sparse, bytes, kSparseBytes)) {
      return "TESTFAILED dense/sparse disagree";
    }
    if (i != checkpoint) continue;
    checkpoint *= 10;
    HyperLogLog::Registers from_sparse{}, from_dense{};
    if (!HyperLogLog::MergeInto(sparse.view(), &from_sparse) ||
        !HyperLogLog::MergeInto(dense.view(), &from_dense) || from_sparse != from_dense) {
      return "TESTFAILED dense/sparse disagree";
    }
    const uint64_t count = HyperLogLog::Count(from_dense);
    const double error = std::abs(static_cast<double>(count) - static_cast<double>(i));
    if (error <= std::ceil(standard_error * 6 * static_cast<double>(i))) continue;
    return "TESTFAILED Too big error. card:" + std::to_string(i) + " count:" + std::to_string(count);
  }
  return {};
}

}  // namespace

std::string TestHyperLogLogs(uint64_t elements, uint64_t seed) {
  storage::Random random(seed);
  std::string error = TestRegisters(random);
  return error.empty() ? TestCounts(elements, random) : error;
}

}  // namespace corral::commands
