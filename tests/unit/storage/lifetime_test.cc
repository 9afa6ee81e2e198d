// The optional fields of a record that say how long its value counts as fresh and what it cost, and what each
// write of a database does to them.
#include <doctest/doctest.h>

#include <string>

#include "storage/base/random.h"
#include "storage/keyspace.h"
#include "storage/record.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

void Compare(const Record& record, const std::string& key, const std::string& text,
             const Lifetime& lifetime) {
  record.CheckInvariants();
  IntegerText scratch;
  REQUIRE(record.key() == key);
  REQUIRE(record.String(scratch) == text);
  REQUIRE(record.expire_at_ms() == lifetime.expire_at_ms);
  REQUIRE(record.fresh_until_ms() == lifetime.fresh_until_ms);
  REQUIRE(record.cost_us() == lifetime.cost_us);
}

Lifetime RandomLifetime(Random& random) {
  Lifetime lifetime(random.Below(2) != 0 ? kNoExpiry
                                         : kNowMs + static_cast<int64_t>(random.Below(1'000'000)));
  if (random.Below(2) != 0) lifetime.fresh_until_ms = kNowMs + static_cast<int64_t>(random.Below(1'000'000));
  if (random.Below(2) != 0) lifetime.cost_us = static_cast<uint32_t>(random.Next());
  return lifetime;
}

std::string RandomText(Random& random) {
  const size_t sizes[] = {0, 1, 5, 30, 60, 250, 260, 5000, kLargeValue - 1, kLargeValue, 40'000};
  std::string text(sizes[random.Below(std::size(sizes))], static_cast<char>('a' + random.Below(26)));
  return random.Below(4) == 0 ? std::to_string(static_cast<int64_t>(random.Next())) : text;
}

TEST_CASE("lifetime: survives every way in which a record is rewritten") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    const std::string key(1 + random.Below(300), 'k');
    std::string text = RandomText(random);
    Lifetime lifetime = RandomLifetime(random);
    Record* record = Record::Create(key, Record::Value::Of(std::string_view(text), true, false), lifetime);
    Compare(*record, key, text, lifetime);
    for (int step = 0; step < 30; ++step) {
      Remains old;
      switch (random.Below(4)) {
        case 0:
          text = RandomText(random);
          lifetime = RandomLifetime(random);
          record =
              Record::Assign(record, Record::Value::Of(std::string_view(text), true, false), lifetime, &old);
          break;
        case 1:
          lifetime = RandomLifetime(random);
          record = Record::SetLifetime(record, lifetime);
          break;
        case 2:
          lifetime.expire_at_ms = RandomLifetime(random).expire_at_ms;
          record = Record::SetExpiry(record, lifetime.expire_at_ms);
          break;
        case 3:
          text.resize(RandomText(random).size());
          record = Record::Resize(record, text.size());
          break;
      }
      Compare(*record, key, text, lifetime);
    }
    Record::Destroy(record);
  }
}

TEST_CASE("lifetime: the latest time that can be kept") {
  Lifetime lifetime(INT64_MAX);
  lifetime.fresh_until_ms = INT64_MAX;
  Record* record = Record::Create("k", Record::Value::Of(std::string_view("v"), false, false), lifetime);
  CHECK(record->expire_at_ms() == INT64_MAX);
  CHECK(record->fresh_until_ms() == (int64_t{1} << 48) - 2);
  Record::Destroy(record);
}

TEST_CASE("lifetime: what each write of a database does to it") {
  Keyspace keyspace({.seed = 7}, nullptr, nullptr);
  Database database = keyspace.database(0, kNowMs);
  const Key key = keyspace.MakeKey("k"), other = keyspace.MakeKey("other");
  const auto put = [&] {
    database.PutString(key, std::string_view("v"),
                       {.expire_at_ms = kNowMs + 100, .fresh_until_ms = kNowMs + 50, .cost_us = 7});
  };
  const auto fresh_until = [&](const Key& name) { return database.Peek(name)->fresh_until_ms(); };
  put();
  CHECK(fresh_until(key) == kNowMs + 50);
  database.PutString(key, std::string_view("w"));
  CHECK(fresh_until(key) == kAlwaysFresh);
  CHECK(database.Peek(key)->cost_us() == 0);
  put();
  database.PutString(key, std::string_view("w"), {.keep_expiry = true});
  CHECK(fresh_until(key) == kNowMs + 50);
  CHECK(database.Peek(key)->expire_at_ms() == kNowMs + 100);
  database.SetExpiry(key, kNoExpiry);
  database.ResizeString(key, 100);
  CHECK(fresh_until(key) == kNowMs + 50);
  CHECK(database.Peek(key)->cost_us() == 7);
  database.Transfer(key, database, other, false, Reclaim::kNow);
  CHECK(fresh_until(other) == kNowMs + 50);
  database.MakeStale(other);
  CHECK(fresh_until(other) == kNowMs);
  CHECK(database.Peek(other)->cost_us() == 7);
  // What is stale stays so since when it is.
  Database later = keyspace.database(0, kNowMs + 10);
  later.MakeStale(other);
  CHECK(fresh_until(other) == kNowMs);
  // A value that never ceased to be fresh can.
  database.PutString(key, std::string_view("v"), {.expire_at_ms = kNowMs + 100});
  database.MakeStale(key);
  CHECK(fresh_until(key) == kNowMs);
  CHECK(database.Peek(key)->expire_at_ms() == kNowMs + 100);
  database.MakeStale(keyspace.MakeKey("missing"));
  keyspace.CheckInvariants();
}

}  // namespace
}  // namespace corral::storage
