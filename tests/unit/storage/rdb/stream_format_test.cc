// Streams with groups in all three forms: what is read from them, and what is refused.
#include "storage/rdb/stream_format.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

namespace corral::storage::rdb {
namespace {

// A stream without entries, of one group: 5-1 is pending with its consumer "b".
struct Payload {
  ValueType type = ValueType::kStream3;
  int64_t active_ms = -1;  // of consumer "a"
  uint64_t deliveries = 1;
  StreamId owned{5, 1};
  std::string_view second_consumer = "b";
  std::string_view second_group = {};
  bool owned_twice = false;

  std::string Bytes() const {
    std::string bytes;
    StringSink sink(bytes);
    Writer out(sink, false);
    out.Length(0);  // nodes
    out.Length(0);  // entries
    Id(out, {7, 0});
    if (type != ValueType::kStream1) {
      Id(out, {});
      Id(out, {6, 0});
      out.Length(9);
    }
    out.Length(second_group.empty() ? 1 : 2);
    Group(out, "g");
    if (!second_group.empty()) Group(out, second_group);
    return bytes;
  }

 private:
  static void Id(Writer& out, StreamId id) {
    out.Length(id.ms);
    out.Length(id.seq);
  }
  static void RawId(Writer& out, StreamId id) {
    for (const uint64_t word : {id.ms, id.seq}) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        const char byte = static_cast<char>(word >> shift);
        out.Raw({&byte, 1});
      }
    }
  }

  void Group(Writer& out, std::string_view name) const {
    out.String(name);
    Id(out, {6, 2});
    if (type != ValueType::kStream1) out.Length(8);
    out.Length(deliveries);
    for (uint64_t i = 0; i < deliveries; ++i) {
      RawId(out, {5, 1});
      out.Fixed64(1234);
      out.Length(3);
    }
    out.Length(2);
    Consumer(out, "a", owned_twice);
    Consumer(out, second_consumer, true);
  }

  void Consumer(Writer& out, std::string_view name, bool owns) const {
    out.String(name);
    out.Fixed64(100);
    if (type == ValueType::kStream3) out.Fixed64(static_cast<uint64_t>(name == "a" ? active_ms : 200));
    out.Length(owns ? 1 : 0);
    if (owns) RawId(out, owned);
  }
};

std::unique_ptr<StreamObject> Read(const Payload& payload) {
  const std::string bytes = payload.Bytes();
  Reader in(bytes);
  std::unique_ptr<StreamObject> stream = ReadStream(in, payload.type);
  if (stream != nullptr) {
    CHECK(in.left() == 0);
    stream->CheckInvariants();
  }
  return stream;
}

TEST_CASE("rdb: groups of streams in all forms") {
  for (const ValueType type : {ValueType::kStream1, ValueType::kStream2, ValueType::kStream3}) {
    CAPTURE(static_cast<int>(type));
    const auto stream = Read({.type = type});
    REQUIRE(stream != nullptr);
    const StreamGroup* group = stream->FindGroup("g");
    REQUIRE(group != nullptr);
    CHECK(group->last_delivered == StreamId{6, 2});
    // The first form has no counters: of an empty stream none were ever added.
    CHECK(group->entries_read == (type == ValueType::kStream1 ? 0 : 8));
    REQUIRE(group->pending().size() == 1);
    const StreamPending& pending = *group->pending().First();
    CHECK(pending.id == StreamId{5, 1});
    CHECK(pending.delivery_ms == 1234);
    CHECK(pending.deliveries == 3);
    CHECK(pending.consumer->name() == "b");
    CHECK(pending.consumer->seen_ms == 100);
    // Before the third form, a consumer was active when it was seen.
    const bool knows = type == ValueType::kStream3;
    CHECK(pending.consumer->active_ms == (knows ? 200 : 100));
    CHECK(group->FindConsumer("a")->active_ms == (knows ? std::nullopt : std::optional<int64_t>(100)));
  }
  CHECK(Read({.active_ms = 77})->FindGroup("g")->FindConsumer("a")->active_ms == 77);
}

TEST_CASE("rdb: groups of streams that are refused") {
  CHECK(Read({}) != nullptr);
  CHECK(Read({.deliveries = 0}) == nullptr);         // a consumer owes what was not delivered
  CHECK(Read({.deliveries = 2}) == nullptr);         // delivered twice
  CHECK(Read({.owned = {5, 2}}) == nullptr);         // the delivery is nobody's
  CHECK(Read({.owned_twice = true}) == nullptr);     // or of two
  CHECK(Read({.second_consumer = "a"}) == nullptr);  // two of one name
  CHECK(Read({.second_group = "h"}) != nullptr);
  CHECK(Read({.second_group = "g"}) == nullptr);
  for (const ValueType type : {ValueType::kStream1, ValueType::kStream2, ValueType::kStream3}) {
    const std::string bytes = Payload{.type = type, .second_group = "h"}.Bytes();
    for (size_t size = 0; size < bytes.size(); ++size) {
      Reader in(std::string_view(bytes).substr(0, size));
      CHECK(ReadStream(in, type) == nullptr);
    }
  }
}

}  // namespace
}  // namespace corral::storage::rdb
