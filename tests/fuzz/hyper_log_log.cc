// A string that somebody stored as a HyperLogLog: the first byte says what is added, the rest are its bytes.
// Whatever they are, nothing is read or written beyond them, and what can be read stays so when it changes.
#include "storage/types/hyper_log_log.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "tests/unit/storage/types/owned_buffer.h"

using corral::storage::HyperLogLog;
using corral::storage::OwnedBuffer;

namespace {

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!HyperLogLog::HasHeader(bytes)) return 0;
  auto before = std::make_unique<HyperLogLog::Registers>(),
       after = std::make_unique<HyperLogLog::Registers>();
  const bool readable = HyperLogLog::MergeInto(bytes, before.get());
  if (readable) HyperLogLog::Count(*before);
  if (!HyperLogLog::IsDense(bytes)) HyperLogLog::DescribeRuns(bytes);

  OwnedBuffer changed(bytes), dense(bytes);
  for (int i = 0; i < 8; ++i) {
    const char element[] = {static_cast<char>(data[0]), static_cast<char>(i)};
    const size_t limit = data[0] % 2 == 0 ? 3000 : 40;
    const auto change = HyperLogLog::Add(changed, {element, sizeof element}, limit);
    if (readable) Require(change != HyperLogLog::Change::kCorrupt);
  }
  Require(HyperLogLog::MakeDense(dense) == readable);
  if (!readable) return 0;
  Require(HyperLogLog::HasHeader(changed.view()) && HyperLogLog::MergeInto(changed.view(), after.get()));
  for (unsigned i = 0; i < HyperLogLog::kRegisters; ++i) Require((*after)[i] >= (*before)[i]);
  *after = {};
  Require(HyperLogLog::MergeInto(dense.view(), after.get()) && *after == *before);
  return 0;
}
