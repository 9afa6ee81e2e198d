// Trimming streams that groups read, against what goes entry by entry.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/stream/stream_object.h"
#include "storage/types/stream/stream_range.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr std::string_view kEntry[] = {"f", "v"};

std::vector<StreamId> IdsOf(const StreamObject& stream) {
  std::vector<StreamId> ids;
  for (StreamRange range(stream, {}, kMaxStreamId); range.Next();) ids.push_back(range.id());
  return ids;
}

std::vector<StreamId> PendingOf(const StreamGroup& group) {
  std::vector<StreamId> ids;
  for (const StreamPending* pending : group.pending()) ids.push_back(pending->id);
  return ids;
}

// Two groups that have read some of it and acknowledged some of that.
void Fill(StreamObject& stream, Random& random) {
  const StreamNodeLimit limit{.bytes = 0, .entries = 1 + random.Below(5)};
  const uint64_t entries = 1 + random.Below(40);
  for (uint64_t i = 1; i <= entries; ++i) {
    REQUIRE(stream.Append({i, 0}, kEntry, limit) == StreamObject::AppendResult::kAppended);
  }
  for (const char* name : {"one", "two"}) {
    const StreamId read{random.Below(entries + 1), 0};
    StreamGroup* group = stream.CreateGroup(name, read, std::nullopt);
    StreamConsumer* consumer = group->CreateConsumer("consumer", 0);
    for (uint64_t i = 1; i <= read.ms; ++i) {
      if (random.Below(3) == 0) group->Deliver({i, 0}, *consumer, 0);
    }
  }
  for (uint64_t i = 1; i <= entries; ++i) {
    if (random.Below(6) == 0) stream.Delete({i, 0});
  }
}

TEST_CASE("what a trim takes of entries that groups need") {
  Random random(TestSeed());
  for (int run = 0; run < 3'000; ++run) {
    StreamObject stream;
    Fill(stream, random);
    StreamTrim trim;
    trim.min_id = {random.Below(45), 0};
    if (random.Below(2) == 0) trim.max_length = random.Below(30);
    trim.references = static_cast<StreamReferences>(random.Below(3));
    trim.approximate = random.Below(3) == 0;

    std::vector<StreamId> expected = IdsOf(stream);
    for (size_t i = 0; i < expected.size();) {
      if (trim.max_length ? expected.size() <= *trim.max_length : expected[i] >= trim.min_id) break;
      if (trim.references == StreamReferences::kAwait && stream.IsReferenced(expected[i])) {
        ++i;
      } else {
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    const std::vector<StreamId> before = IdsOf(stream);
    std::map<std::string, std::vector<StreamId>> pending;
    for (const auto& [name, group] : stream.groups()) pending[name] = PendingOf(*group);

    const std::unique_ptr<Object> untouched = stream.Clone();
    const uint64_t trimmed = stream.Trim(trim);
    stream.CheckInvariants();
    const std::vector<StreamId> after = IdsOf(stream);
    CHECK(trimmed == before.size() - after.size());
    if (!trim.approximate) {
      CHECK(after == expected);
    } else {
      CHECK(std::includes(after.begin(), after.end(), expected.begin(), expected.end()));
      // The exact trim that the log of effects has in its place takes the same.
      auto& again = static_cast<StreamObject&>(*untouched);
      again.Trim({.max_length = after.size(), .min_id = {}, .references = trim.references});
      CHECK(IdsOf(again) == after);
    }
    for (const auto& [name, group] : stream.groups()) {
      std::vector<StreamId>& ids = pending[name];
      if (trim.references == StreamReferences::kDrop) {
        std::erase_if(ids, [&](StreamId id) {
          return std::binary_search(before.begin(), before.end(), id) &&
                 !std::binary_search(after.begin(), after.end(), id);
        });
      }
      CHECK(PendingOf(*group) == ids);
    }
  }
}

}  // namespace
}  // namespace corral::storage
