// Values of every type to bytes and back, payloads of redis-server 7.0.15 and of older versions, and bytes
// that are no values.
#include "storage/rdb/value_format.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "storage/base/random.h"
#include "storage/rdb/crc64.h"
#include "storage/types/list.h"
#include "storage/types/list_object.h"
#include "storage/types/stream/stream_object.h"
#include "tests/unit/seed.h"

namespace corral::storage::rdb {
namespace {

struct RecordDeleter {
  void operator()(Record* record) const {
    record->TakeRemains();
    Record::Destroy(record);
  }
};
using OwnedRecord = std::unique_ptr<Record, RecordDeleter>;

OwnedRecord RecordOf(Record::Value value) {
  return OwnedRecord(Record::Create("key", std::move(value), Lifetime()));
}

OwnedRecord RecordOf(DetachedValue& value) {
  if (!value.packed()) return RecordOf(Record::Value::Of(value.ReleaseObject()));
  return RecordOf(Record::Value::Of(value.form(), value.view()));
}

OwnedRecord RecordOf(LoadedValue& loaded) {
  if (loaded.is_string) return RecordOf(Record::Value::Of(std::string_view(loaded.text), true, false));
  return RecordOf(loaded.value);
}

constexpr Limits kUsual{.list = {8192, SIZE_MAX},
                        .set = {.int_set_entries = 512, .packed_entries = 128, .packed_bytes = 64},
                        .hash = {.packed_fields = 128, .packed_bytes = 64},
                        .zset = {.members = 128, .member_bytes = 64}};
constexpr Limits kSmall{.list = {64, SIZE_MAX},
                        .set = {.int_set_entries = 3, .packed_entries = 4, .packed_bytes = 6},
                        .hash = {.packed_fields = 4, .packed_bytes = 6},
                        .zset = {.members = 4, .member_bytes = 6}};

void Check(const ValueView& value) {
  if (value.packed()) {
    REQUIRE(Valid(value.form(), value.bytes()));
    return;
  }
  switch (value.type()) {
    case storage::ValueType::kList:
      return value.as<ListObject>().CheckInvariants();
    case storage::ValueType::kSet:
      return value.as<SetObject>().CheckInvariants();
    case storage::ValueType::kHash:
      return value.as<HashObject>().CheckInvariants();
    case storage::ValueType::kZset:
      return value.as<ZsetObject>().CheckInvariants();
    default:
      return value.as<StreamObject>().CheckInvariants();
  }
}

// Its elements, each as one text; sorted where the order means nothing.
class Elements final : public ValueSink {
 public:
  void Element(std::span<const std::string_view> parts) override {
    std::string text;
    for (const std::string_view part : parts) text += std::to_string(part.size()) + ":" + std::string(part);
    all_.push_back(text);
  }
  std::vector<std::string> Take(storage::ValueType type) {
    if (type == storage::ValueType::kSet || type == storage::ValueType::kHash) {
      std::sort(all_.begin(), all_.end());
    }
    return std::move(all_);
  }

 private:
  std::vector<std::string> all_;
};

std::vector<std::string> ContentsOf(const Record& record) {
  if (record.is_string()) {
    IntegerText scratch;
    return {std::string(record.String(scratch))};
  }
  Elements elements;
  record.value().Save(elements);
  return elements.Take(record.type());
}

std::string RandomText(Random& random) {
  switch (random.Below(6)) {
    case 0:
      return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64));
    case 1:
      return std::string(random.Below(200), 'x');
    case 2:
      return std::string(random.Below(4), static_cast<char>(random.Next()));
    default: {
      std::string text(1 + random.Below(20), '\0');
      for (char& c : text) c = static_cast<char>(random.Next());
      return text;
    }
  }
}

double RandomScore(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return random.Below(2) == 0 ? INFINITY : -INFINITY;
    case 1:
      return static_cast<double>(static_cast<int64_t>(random.Next()) >> random.Below(64)) / 3;
    default:
      return static_cast<double>(random.Below(50)) - 25;
  }
}

OwnedRecord RandomList(Random& random, const Limits& limits) {
  DetachedValue value(PackedForm::kList);
  List list(value, limits.list);
  for (uint64_t left = 1 + random.Below(60); left > 0; --left) {
    const std::string text = random.Below(40) == 0 ? std::string(20000, 'l') : RandomText(random);
    list.Expect(1, text.size());
    list.Insert(random.Below(list.size() + 1), text);
  }
  return RecordOf(value);
}

OwnedRecord RandomSet(Random& random, const Limits& limits) {
  const bool integers = random.Below(2) == 0;
  DetachedValue value(integers ? PackedForm::kIntSet : PackedForm::kSet);
  for (uint64_t left = 1 + random.Below(20); left > 0; --left) {
    AddToSet(value,
             integers ? std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64))
                      : RandomText(random),
             limits.set);
  }
  return RecordOf(value);
}

OwnedRecord RandomHash(Random& random, const Limits& limits) {
  DetachedValue value(PackedForm::kHash);
  const bool expiring = random.Below(2) == 0;
  for (uint64_t left = 1 + random.Below(20); left > 0; --left) {
    const std::string name = RandomText(random);
    SetField(value, name, RandomText(random), limits.hash);
    const auto expire_at_ms = static_cast<int64_t>(1 + random.Below(uint64_t{kLatestFieldExpiryMs}));
    if (expiring && random.Below(2) == 0) SetFieldExpiry(value, name, expire_at_ms);
  }
  return RecordOf(value);
}

OwnedRecord RandomZset(Random& random, const Limits& limits) {
  DetachedValue value(PackedForm::kZset);
  ZsetWriter writer(value, limits.zset);
  for (uint64_t left = 1 + random.Below(20); left > 0; --left) {
    double score = RandomScore(random);
    writer.Add(RandomText(random), &score);
  }
  return RecordOf(value);
}

OwnedRecord RandomStream(Random& random) {
  auto stream = std::make_unique<StreamObject>();
  std::vector<StreamId> ids;
  StreamId id{1 + random.Below(1000), 0};
  for (uint64_t left = random.Below(60); left > 0; --left) {
    id = {id.ms + random.Below(3), id.seq + 1};
    const std::string texts[] = {random.Below(2) == 0 ? "field" : RandomText(random), RandomText(random)};
    const std::string_view entry[] = {texts[0], texts[1]};
    stream->Append(id, entry, {.bytes = 4096, .entries = 8});
    ids.push_back(id);
  }
  for (uint64_t left = random.Below(10); left > 0 && !ids.empty(); --left) {
    stream->Delete(ids[random.Below(ids.size())]);
  }
  for (uint64_t group = random.Below(3); group > 0; --group) {
    StreamGroup& added = *stream->CreateGroup("group" + std::to_string(group), id, random.Below(100));
    for (uint64_t i = random.Below(4); i > 0; --i) {
      StreamConsumer* consumer = added.CreateConsumer(RandomText(random), 1000);
      if (consumer == nullptr) continue;
      for (uint64_t left = random.Below(10); left > 0 && !ids.empty(); --left) {
        added.Deliver(ids[random.Below(ids.size())], *consumer, 5000)->deliveries = 1 + random.Below(5);
      }
    }
  }
  return RecordOf(Record::Value::Of(std::move(stream)));
}

OwnedRecord RandomRecord(Random& random, const Limits& limits) {
  switch (random.Below(6)) {
    case 0:
      return RecordOf(Record::Value::Of(std::string_view(RandomText(random)), true, false));
    case 1:
      return RandomList(random, limits);
    case 2:
      return RandomSet(random, limits);
    case 3:
      return RandomHash(random, limits);
    case 4:
      return RandomZset(random, limits);
    default:
      return RandomStream(random);
  }
}

std::string WithChecksum(std::string body, uint16_t version = kWrittenVersion) {
  body += static_cast<char>(version & 0xff);
  body += static_cast<char>(version >> 8);
  const uint64_t checksum = Crc64(0, body);
  return body.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

template <size_t size>
std::string Bytes(const char (&literal)[size]) {
  return {literal, size - 1};
}

// Null: refused.
OwnedRecord Load(const std::string& payload, const Limits& limits = kUsual) {
  LoadedValue loaded;
  if (!VerifyPayload(payload) || !ReadPayload(payload, limits, &loaded)) return nullptr;
  OwnedRecord record = RecordOf(loaded);
  if (!record->is_string()) Check(record->value());
  return record;
}

TEST_CASE("rdb: values of all types come back as they were") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int i = 0; i < 3000; ++i) {
    const Limits& made = random.Below(2) == 0 ? kUsual : kSmall;
    const Limits& read = random.Below(2) == 0 ? kUsual : kSmall;
    const OwnedRecord record = RandomRecord(random, made);
    const std::string payload = WritePayload(*record, random.Below(2) == 0);
    const OwnedRecord copy = Load(payload, read);
    REQUIRE(copy != nullptr);
    REQUIRE(copy->type() == record->type());
    REQUIRE(ContentsOf(*copy) == ContentsOf(*record));
    if (record->type() == storage::ValueType::kStream)
      REQUIRE(WritePayload(*copy, false) == WritePayload(*record, false));
  }
}

TEST_CASE("rdb: changed bytes are refused, or are a value in order") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int i = 0; i < 20000; ++i) {
    const OwnedRecord record = RandomRecord(random, kSmall);
    std::string body = WritePayload(*record, random.Below(4) == 0);
    body.resize(body.size() - 10);
    for (uint64_t left = 1 + random.Below(3); left > 0; --left) {
      body[random.Below(body.size())] =
          static_cast<char>(random.Below(2) == 0 ? random.Next() : random.Below(8));
    }
    if (random.Below(8) == 0) body.resize(random.Below(body.size()) + 1);
    Load(WithChecksum(body), random.Below(2) == 0 ? kUsual : kSmall);
  }
}

TEST_CASE("rdb: the footer") {
  const std::string good = WithChecksum(Bytes("\x00\x01x"));
  REQUIRE(Load(good) != nullptr);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK(!VerifyPayload(bad));
  }
  CHECK(Load(WithChecksum(Bytes("\x00\x01x"), 1)) != nullptr);
  CHECK(!VerifyPayload(WithChecksum(Bytes("\x00\x01x"), kLatestVersion + 1)));
  CHECK(!VerifyPayload(""));
  CHECK(!VerifyPayload("123456789"));
}

TEST_CASE("rdb: the forms of older versions") {
  using Contents = std::vector<std::string>;
  const auto contents = [](const std::string& body) {
    const OwnedRecord record = Load(WithChecksum(body, 6));
    return record == nullptr ? Contents{"refused"} : ContentsOf(*record);
  };
  CHECK(contents(Bytes("\x01\x02\x01"
                       "a\xc0\x07")) == Contents{"1:a", "1:7"});
  // A ziplist of "a" and 12, as a list, as a quicklist's node, as a hash and as a sorted set.
  const std::string ziplist = Bytes(
      "\x10\0\0\0\x0d\0\0\0\x02\0\0\x01"
      "a\x03\xfd\xff");
  REQUIRE(ziplist.size() == 16);
  CHECK(contents("\x0a\x10" + ziplist) == Contents{"1:a", "2:12"});
  CHECK(contents("\x0e\x01\x10" + ziplist) == Contents{"1:a", "2:12"});
  CHECK(contents("\x0d\x10" + ziplist) == Contents{"1:a2:12"});
  CHECK(contents("\x0c\x10" + ziplist) == Contents{"1:a2:12"});
  // A zipmap of one pair, with an unused byte behind its value.
  CHECK(contents(Bytes("\x09\x09\x01\x01"
                       "f\x02\x01"
                       "vv?\xff")) == Contents{"1:f2:vv"});
  // Scores as text.
  CHECK(contents(Bytes("\x03\x03\x01"
                       "a\xff\x01"
                       "b\x03"
                       "1.5\x01"
                       "c\xfe")) == Contents{"1:a4:-inf", "1:b3:1.5", "1:c3:inf"});
  // A packed list of members, as Redis 7.2 writes it.
  CHECK(contents(Bytes("\x14\x0a\x0a\0\0\0\x01\0\x81"
                       "a\x02\xff")) == Contents{"1:a"});
}

TEST_CASE("rdb: what is refused") {
  const auto refused = [](const std::string& body) { return Load(WithChecksum(body)) == nullptr; };
  CHECK(refused(Bytes("\x00\x02x")));                                  // a text that ends early
  CHECK(refused(Bytes("\x00\x01xy")));                                 // and one that does not
  CHECK(refused(Bytes("\x00\x81\xff\xff\xff\xff\xff\xff\xff\xffx")));  // of 2^64 - 1 bytes
  CHECK(refused(Bytes("\x00\xc3\x02\x80\x7f\xff\xff\xff\x00x")));      // LZF of 2 bytes that are 2 GB
  CHECK(refused(Bytes("\x02\x00")));                                   // no members
  CHECK(refused(Bytes("\x02\x80\xff\xff\xff\xff\x01x")));              // 2^32 - 1 of them
  CHECK(refused(Bytes("\x02\x02\x01x\x01x")));                         // one twice
  CHECK(refused(Bytes("\x04\x02\x01x\x01y\x01x\x01y")));               // a field twice
  CHECK(refused(Bytes("\x05\x01\x01x\0\0\0\0\0\0\xf8\x7f")));          // NaN
  CHECK(refused(Bytes("\x03\x01\x01x\xfd")));                          // the same as text
  CHECK(refused(Bytes("\x0b\x0c\x02\0\0\0\x02\0\0\0\x02\0\x01\0")));   // integers that descend
  CHECK(refused(Bytes("\x0b\x0b\x03\0\0\0\x01\0\0\0\x02\0\x01")));     // of three bytes
  CHECK(
      refused(Bytes("\x10\x0a\x0a\0\0\0\x01\0\x81"
                    "a\x02\xff")));            // a field without a value
  CHECK(refused(Bytes("\x12\x01\x03\x01x")));  // a node of no known kind
  CHECK(refused(Bytes("\x63\x01x")));          // a value of no known type
}

TEST_CASE("rdb: hashes whose fields expire are Redis 7.4's, and are refused when they cannot be") {
  using Contents = std::vector<std::string>;
  const auto contents = [](const std::string& body, const Limits& limits = kUsual) {
    const OwnedRecord record = Load(WithChecksum(body, kLatestVersion), limits);
    return record == nullptr ? Contents{"refused"} : ContentsOf(*record);
  };
  const Contents refused{"refused"}, one{"1:f1:v3:100"}, two{"1:f1:v3:100", "1:g1:w"};
  const std::string first = Bytes("\x64\0\0\0\0\0\0\0"), none(8, '\0');
  const std::string packed = Bytes(
      "\x17\x17\0\0\0\x06\0\x81"
      "f\x02\x81v\x02\x64\x01\x81"
      "g\x02\x81w\x02\0\x01\xff");
  const std::string fields = Bytes(
      "\x02\x01\x01"
      "f\x01v\0\x01"
      "g\x01w");
  CHECK(contents("\x19" + first + packed) == two);
  CHECK(contents("\x17" + packed) == two);
  CHECK(contents("\x18" + first + fields) == two);
  CHECK(contents("\x19" + first + packed, kSmall) == two);
  CHECK(contents("\x18" + first + fields, kSmall) == two);
  CHECK(contents(Bytes("\x16\x01\x40\x64\x01"
                       "f\x01v")) == one);  // Unix ms, without a first one
  // Written as they were read, by the latest version, and others by the one before.
  DetachedValue value(PackedForm::kHash);
  SetField(value, "f", "v", kUsual.hash);
  CHECK(WritePayload(*RecordOf(value), true).find(Bytes("\xff\x0a\0")) != std::string::npos);
  SetFieldExpiry(value, "f", 100);
  SetField(value, "g", "w", kUsual.hash);
  CHECK(WritePayload(*RecordOf(value), true) == WithChecksum("\x19" + first + packed, 12));
  const OwnedRecord large = Load(WithChecksum("\x18" + first + fields, 12), kSmall);
  REQUIRE(large != nullptr);
  SetFieldExpiry(value, "f", kNoExpiry);
  CHECK(WritePayload(*RecordOf(value), true).starts_with("\x19" + none));

  CHECK(contents("\x19" + packed) == refused);                                  // no first expiry
  CHECK(contents("\x19" + Bytes("\x01\0\0\0\0\0\x01\0") + packed) == refused);  // one too late
  CHECK(contents("\x18" + Bytes("\xff\xff\xff\xff\xff\xff\0\0\x01\x02\x01"
                                "f\x01v")) == refused);  // a field's too late
  CHECK(contents("\x18" + none +
                 Bytes("\x01\x01\x01"
                       "f\x01v")) == refused);  // at the time 0
  CHECK(contents("\x18" + first +
                 Bytes("\x02\x01\x01"
                       "f\x01v\0\x01"
                       "f\x01v")) == refused);               // a field twice
  CHECK(contents("\x18" + first + Bytes("\0")) == refused);  // no fields
  CHECK(contents("\x16" + Bytes("\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                "f\x01v")) == refused);
  std::string bad = packed;
  std::swap(bad[13], bad[21]);
  CHECK(contents("\x17" + bad) == refused);  // one that never ends before one that does
  bad = packed;
  bad[8] = 'g';
  CHECK(contents("\x17" + bad) == refused);  // a field twice
  CHECK(contents("\x17" + Bytes("\x0a\x0a\0\0\0\x01\0\x81"
                                "a\x02\xff")) == refused);  // no value and no expiry
}

TEST_CASE("rdb: a text that reads as an integer is found after it was read") {
  // A packed hash whose field "7" lies as a text.
  const OwnedRecord record =
      Load(WithChecksum(Bytes("\x10\x0d\x0d\0\0\0\x02\0\x81"
                              "7\x02\x81v\x02\xff")));
  REQUIRE(record != nullptr);
  CHECK(Hash(record->value(), 0).Find("7").has_value());
  // And one whose field 7 has 16 bits, and whose value has a length of 12.
  const OwnedRecord longer =
      Load(WithChecksum(Bytes("\x10\x0f\x0f\0\0\0\x02\0\xf1\x07\0\x03\xe0\x01v\x03\xff")));
  REQUIRE(longer != nullptr);
  CHECK(Hash(longer->value(), 0).Find("7").has_value());
  CHECK(longer->value().bytes().size() == PackedList::kEmptyBytes + 2 + 3);
}

// Type and number of parts, then the parts.
std::string PayloadOf(uint8_t type, uint64_t count, const std::vector<std::string>& parts) {
  std::string text(1, static_cast<char>(type));
  StringSink body(text);
  Writer out(body, false);
  out.Length(count);
  for (const std::string& part : parts) out.String(part);
  return WithChecksum(text);
}

TEST_CASE("rdb: a set of members in any order has the form that adding them has") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    const SetLimits limits{.int_set_entries = random.Below(12),
                           .packed_entries = random.Below(12),
                           .packed_bytes = 1 + random.Below(8)};
    std::vector<std::string> members;
    for (uint64_t left = 1 + random.Below(14); left > 0; --left) {
      std::string member = std::to_string(random.Below(random.Below(2) == 0 ? 100 : 1u << 30));
      if (random.Below(12) == 0) member += std::string(random.Below(8), 'x');
      if (std::ranges::find(members, member) == members.end()) members.push_back(std::move(member));
    }
    DetachedValue added(PackedForm::kSet);
    const auto form = FormOfNewSet(members[0], members.size(), limits);
    form ? added.Become(*form, EmptyOf(*form)) : added.Become(std::make_unique<SetObject>());
    for (const std::string& member : members) AddToSet(added, member, limits);
    const OwnedRecord expected = RecordOf(added);

    Limits all = kUsual;
    all.set = limits;
    const OwnedRecord loaded = Load(PayloadOf(2, members.size(), members), all);
    REQUIRE(loaded != nullptr);
    CHECK(loaded->encoding() == expected->encoding());
    CHECK(ContentsOf(*loaded) == ContentsOf(*expected));
    members.push_back(members[random.Below(members.size())]);  // one comes twice
    CHECK(Load(PayloadOf(2, members.size(), members), all) == nullptr);
  }
}

TEST_CASE("rdb: what a packed value of any size costs to read") {  // minutes, if each part were looked for
  constexpr size_t kParts = 200'000, kAny = 1'000'000;
  constexpr Limits kHuge{.list = {8192, SIZE_MAX},
                         .set = {.int_set_entries = kAny, .packed_entries = kAny, .packed_bytes = 64},
                         .hash = {.packed_fields = kAny, .packed_bytes = 64},
                         .zset = {.members = kAny, .member_bytes = 64}};
  std::vector<std::string> texts, integers;
  for (size_t i = kParts; i > 0; --i) {
    texts.push_back("m" + std::to_string(i));
    integers.push_back(std::to_string(i));
  }
  for (const auto& [type, count, parts] :
       {std::tuple(2, kParts, &texts), std::tuple(2, kParts, &integers), std::tuple(4, kParts / 2, &texts)}) {
    const OwnedRecord record = Load(PayloadOf(static_cast<uint8_t>(type), count, *parts), kHuge);
    REQUIRE(record != nullptr);
    CHECK(record->value().packed());
    CHECK(record->value().size() == count);
    std::vector<std::string> again = *parts;
    again[again.size() - 2] = again[0];
    CHECK(Load(PayloadOf(static_cast<uint8_t>(type), count, again), kHuge) == nullptr);
  }
}

}  // namespace
}  // namespace corral::storage::rdb
