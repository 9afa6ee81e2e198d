// Streams against a map of entries: every change, read in both directions.
#include "storage/types/stream/stream_object.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/stream/stream_range.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

using Texts = std::vector<std::string>;
using Model = std::map<StreamId, Texts>;

Model::value_type EntryOf(const StreamRange& range) {
  Texts texts;
  IntegerText scratch;
  range.ForEachField([&](PackedList::Element field, PackedList::Element value) {
    texts.emplace_back(field.Text(scratch));
    texts.emplace_back(value.Text(scratch));
  });
  return {range.id(), texts};
}

// The entries from `first` to `last`, at most `most` from one end, in the order of the ids.
Model Read(const StreamObject& stream, StreamId first, StreamId last, StreamDirection direction,
           size_t most) {
  Model entries;
  StreamRange range(stream, first, last, direction);
  while (entries.size() < most && range.Next()) {
    const auto entry = EntryOf(range);
    if (!entries.empty()) {
      if (direction == StreamDirection::kForwards) {
        CHECK(entry.first > entries.rbegin()->first);
      } else {
        CHECK(entry.first < entries.begin()->first);
      }
    }
    entries.insert(entry);
  }
  return entries;
}

Model Expected(const Model& model, StreamId first, StreamId last, StreamDirection direction, size_t most) {
  Model entries;
  if (first > last) return entries;
  const auto from = model.lower_bound(first), to = model.upper_bound(last);
  const auto count = static_cast<size_t>(std::distance(from, to));
  const auto skipped = static_cast<std::ptrdiff_t>(count - std::min(count, most));
  if (direction == StreamDirection::kForwards) {
    entries.insert(from, std::prev(to, skipped));
  } else {
    entries.insert(std::next(from, skipped), to);
  }
  return entries;
}

Model All(const StreamObject& stream) {
  return Read(stream, {}, kMaxStreamId, StreamDirection::kForwards, SIZE_MAX);
}

std::vector<std::string_view> Views(const Texts& texts) { return {texts.begin(), texts.end()}; }

class RandomRun {
 public:
  explicit RandomRun(uint64_t seed) : random_(seed) {
    limit_.entries = random_.Below(4) == 0 ? 0 : 1 + random_.Below(20);
    limit_.bytes = random_.Below(4) == 0 ? 0 : 30 + random_.Below(600);
  }

  void Step() {
    switch (random_.Below(12)) {
      case 0:
      case 1:
        return Delete();
      case 2:
        if (random_.Below(8) == 0) return Trim();
        return;
      case 3:
        return ReadRange();
      case 4:
        if (random_.Below(30) == 0) return Become();
        return;
      default:
        return Add();
    }
  }

  void Check() const {
    stream_->CheckInvariants();
    CHECK(stream_->size() == model_.size());
    CHECK(All(*stream_) == model_);
    CHECK(stream_->first_id() == (model_.empty() ? StreamId{} : model_.begin()->first));
    CHECK(stream_->last_entry_id() == (model_.empty() ? StreamId{} : model_.rbegin()->first));
    CHECK(stream_->counters().last_id == last_);
    CHECK(stream_->counters().max_deleted_id == max_deleted_);
    CHECK(stream_->counters().entries_added == added_);
  }

 private:
  StreamId RandomId() {
    const uint64_t ms = random_.Below(last_.ms + 3);
    return {ms, random_.Below(4)};
  }

  StreamId KnownId() {
    auto at = model_.lower_bound(RandomId());
    return at == model_.end() ? RandomId() : at->first;
  }

  void Add() {
    Texts entry;
    const size_t fields = random_.Below(5) == 0 ? 1 + random_.Below(40) : 1 + random_.Below(2);
    for (size_t i = 0; i < fields; ++i) {
      entry.push_back(random_.Below(6) == 0 ? std::to_string(i) : "field" + std::to_string(i));
      entry.push_back(random_.Below(3) == 0 ? std::to_string(random_.Next() >> random_.Below(64))
                                            : std::string(random_.Below(40), 'v'));
    }
    StreamId id{last_.ms + random_.Below(3), random_.Below(4)};
    if (random_.Below(1000) == 0) id.ms += random_.Next() >> random_.Below(40) >> 24;
    const auto result = stream_->Append(id, Views(entry), limit_);
    CHECK((result == StreamObject::AppendResult::kAppended) == (id > last_));
    if (result != StreamObject::AppendResult::kAppended) return;
    model_.emplace(id, entry);
    last_ = id;
    ++added_;
  }

  void Delete() {
    const StreamId id = KnownId();
    CHECK(stream_->Contains(id) == model_.contains(id));
    const bool deleted = stream_->Delete(id);
    CHECK(deleted == (model_.erase(id) == 1));
    if (!deleted) return;
    max_deleted_ = std::max(max_deleted_, id);
    if (random_.Below(4) != 0) return;
    last_ = model_.empty() ? StreamId{} : model_.rbegin()->first;  // back over what was deleted
    CHECK(stream_->SetCounters({last_, max_deleted_, added_}));
  }

  void Trim() {
    StreamTrim trim{.max_length = std::nullopt, .min_id = KnownId()};
    if (random_.Below(2) == 0) trim.max_length = random_.Below(model_.size() + 2);
    trim.approximate = random_.Below(2) == 0;
    if (trim.approximate && random_.Below(2) == 0) trim.limit = 1 + random_.Below(model_.size() + 1);
    const auto wanted = [&](const Model& model) {  // what an exact trimming leaves to do
      if (!trim.max_length)
        return static_cast<size_t>(std::distance(model.begin(), model.lower_bound(trim.min_id)));
      return model.size() - std::min<size_t>(model.size(), *trim.max_length);
    };
    const size_t all = wanted(model_);
    const uint64_t trimmed = stream_->Trim(trim);
    CHECK(trimmed <= all);
    if (!trim.approximate) CHECK(trimmed == all);
    if (trim.limit != 0) CHECK(trimmed <= trim.limit);
    model_.erase(model_.begin(), std::next(model_.begin(), static_cast<std::ptrdiff_t>(trimmed)));
    // Without a limit an approximate trimming leaves less than a node to do.
    if (trim.limit == 0 && trim.max_length && wanted(model_) > 0)
      CHECK(wanted(model_) <= stream_->nodes().First()->live());
  }

  void ReadRange() {
    const StreamId first = RandomId(), last = RandomId();
    const size_t most = random_.Below(3) == 0 ? SIZE_MAX : random_.Below(20);
    for (const auto direction : {StreamDirection::kForwards, StreamDirection::kBackwards}) {
      CHECK(Read(*stream_, first, last, direction, most) == Expected(model_, first, last, direction, most));
    }
  }

  // Goes on with a clone, or with what is made of the nodes' bytes.
  void Become() {
    std::unique_ptr<Object> copy = stream_->Clone();
    if (random_.Below(2) == 0) {
      auto loaded = std::make_unique<StreamObject>();
      for (const StreamNode* node = stream_->nodes().First(); node != nullptr;
           node = stream_->nodes().After(node)) {
        CHECK(loaded->AppendNode(node->id(), node->packed()));
      }
      CHECK(loaded->SetCounters(stream_->counters()));
      copy = std::move(loaded);
    }
    CHECK(copy->allocated_bytes() <= stream_->allocated_bytes());
    stream_.reset(static_cast<StreamObject*>(copy.release()));
    Check();
  }

  Random random_;
  StreamNodeLimit limit_;
  std::unique_ptr<StreamObject> stream_ = std::make_unique<StreamObject>();
  Model model_;
  StreamId last_, max_deleted_;
  uint64_t added_ = 0;
};

TEST_CASE("random changes of a stream") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  for (uint32_t run = 0; run < 12; ++run) {
    RandomRun random_run(seed + run);
    for (int step = 0; step < 3000; ++step) {
      random_run.Step();
      if (step % 250 == 0) random_run.Check();
    }
    random_run.Check();
  }
}

TEST_CASE("ids that are given") {
  StreamObject stream;
  const std::string_view entry[] = {"f", "v"};
  const auto add = [&](StreamId id) { return stream.Append(id, entry, {}); };
  CHECK(add({0, 0}) == StreamObject::AppendResult::kNotGreater);
  CHECK(stream.NextIdWithin(0) == StreamId{0, 1});
  CHECK(stream.NextId(1000) == StreamId{1000, 0});
  CHECK(add({1000, 5}) == StreamObject::AppendResult::kAppended);
  CHECK(add({1000, 5}) == StreamObject::AppendResult::kNotGreater);
  CHECK(add({999, 9}) == StreamObject::AppendResult::kNotGreater);
  CHECK(stream.NextId(1000) == StreamId{1000, 6});
  CHECK(stream.NextId(900) == StreamId{1000, 6});  // the clock went back
  CHECK(stream.NextId(1001) == StreamId{1001, 0});
  CHECK(stream.NextIdWithin(1000) == StreamId{1000, 6});
  CHECK(stream.NextIdWithin(1001) == StreamId{1001, 0});
  CHECK(add({1000, UINT64_MAX}) == StreamObject::AppendResult::kAppended);
  CHECK(stream.NextId(1000) == StreamId{1001, 0});
  CHECK_FALSE(stream.NextIdWithin(1000));
  CHECK(add(kMaxStreamId) == StreamObject::AppendResult::kAppended);
  CHECK_FALSE(stream.NextId(1000));
  CHECK(stream.last_entry_id() == kMaxStreamId);
  stream.CheckInvariants();
}

TEST_CASE("an emptied stream keeps its counters") {
  StreamObject stream;
  const std::string_view entry[] = {"f", "v"};
  CHECK(stream.Append({1, 1}, entry, {}) == StreamObject::AppendResult::kAppended);
  CHECK(stream.Append({2, 1}, entry, {}) == StreamObject::AppendResult::kAppended);
  CHECK(stream.Delete({2, 1}));
  CHECK_FALSE(stream.Delete({2, 1}));
  CHECK(stream.Trim({.max_length = 0, .min_id = {}}) == 1);
  CHECK(stream.size() == 0);
  CHECK(stream.counters().last_id == StreamId{2, 1});
  CHECK(stream.counters().max_deleted_id == StreamId{2, 1});
  CHECK(stream.counters().entries_added == 2);
  CHECK(stream.first_id().is_zero());
  CHECK(stream.last_entry_id().is_zero());
  stream.CheckInvariants();
}

TEST_CASE("a saved entry is its id and its fields") {
  struct Sink : ValueSink {
    std::vector<Texts> entries;
    void Element(std::span<const std::string_view> parts) override {
      entries.emplace_back(parts.begin(), parts.end());
    }
  } sink;
  StreamObject stream;
  const std::string_view one[] = {"f", "v", "7", "-8"}, two[] = {"g", ""};
  CHECK(stream.Append({1, 1}, one, {}) == StreamObject::AppendResult::kAppended);
  CHECK(stream.Append({UINT64_MAX, 2}, two, {}) == StreamObject::AppendResult::kAppended);
  stream.Save(sink);
  CHECK(sink.entries ==
        std::vector<Texts>{{"1.1", "f", "v", "7", "-8"}, {"18446744073709551615.2", "g", ""}});
}

TEST_CASE("a stream takes few bytes for an entry, a short one too") {
  const std::string_view entry[] = {"field:000012", "value:0000000016"};
  const auto bytes_of = [&](uint64_t entries) {
    StreamObject stream;
    for (uint64_t i = 0; i < entries; ++i) stream.Append({1'700'000'000'000 + i / 4, i % 4}, entry, {});
    return static_cast<double>(stream.allocated_bytes()) / static_cast<double>(entries);
  };
  // 26 of an entry are its packed list's; a full node has 2,644 bytes in the allocator's class of 3,072.
  CHECK(bytes_of(10) <= 52);
  CHECK(bytes_of(100) <= 33);
  CHECK(bytes_of(100'000) <= 31);
}

}  // namespace
}  // namespace corral::storage
