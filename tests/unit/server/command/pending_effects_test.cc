// What waits for the end of a group reaches the log in order, and nothing is kept of a large one.
#include "server/command/pending_effects.h"

#include <doctest/doctest.h>

#include <string>

#include "storage/base/capacity.h"
#include "storage/memory_meter.h"

namespace corral::command {
namespace {

struct CountingLog final : EffectLog {
  void Append(std::span<const Effect> effects) override {
    for (const Effect& effect : effects) {
      ++count;
      for (std::string_view argument : effect.arguments) bytes += argument.size();
    }
  }
  size_t count = 0, bytes = 0;
};

TEST_CASE("pending effects: a large group is appended whole, and leaves no memory behind") {
  constexpr size_t kEffects = 50'000;
  PendingEffects pending;
  CountingLog log;
  const EffectArgument arguments[] = {"SET", "key", 123456};
  const auto group = [&](size_t effects) {
    pending.Begin();
    for (size_t i = 0; i < effects; ++i) pending.Add(0, arguments);
    pending.End(log);
  };
  group(1);
  const int64_t before = storage::MemoryMeter::UsedBytes();
  group(kEffects);
  CHECK(log.count == 1 + kEffects);
  CHECK(log.bytes == (1 + kEffects) * 12);
  constexpr int64_t kArrays = 5;
  CHECK(storage::MemoryMeter::UsedBytes() - before <= kArrays * int64_t{storage::kKeptBytes});
}

}  // namespace
}  // namespace corral::command
