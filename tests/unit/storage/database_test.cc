// Databases against a model of plain maps: values, expiry, transfer, flush, swap; SCAN and RANDOMKEY.
#include "storage/database.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/keyspace.h"
#include "storage/lazy_free.h"
#include "tests/unit/seed.h"
#include "tests/unit/storage/keyspace_model.h"

namespace corral::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

std::string TextOf(const Record* record) {
  IntegerText scratch;
  return std::string(record->String(scratch));
}

KeyspaceOptions Options(const Clock& clock, uint64_t seed = 1, uint32_t shards = 16) {
  return {.databases = 4, .shards = shards, .concurrent = false, .seed = seed, .clock = &clock};
}

// The keys of a whole scan, with how often each was seen.
std::unordered_map<std::string, int> ScanAll(
    Database database, size_t count, const std::function<void()>& meanwhile = [] {}) {
  std::unordered_map<std::string, int> seen;
  uint64_t cursor = 0;
  do {
    cursor = database.Scan(cursor, count, [&](const Record& record) { ++seen[std::string(record.key())]; });
    meanwhile();
  } while (cursor != 0);
  return seen;
}

// One random call after another, on both sides.
class Play {
 public:
  Play(uint64_t seed, uint32_t shards, LazyFree* lazy_free)
      : random_(seed),
        clock_(kStartMs),
        keyspace_(Options(clock_, seed, shards), &listener_, lazy_free),
        model_(keyspace_.databases()) {}

  void Step() {
    now_ms_ = clock_.unix_ms();
    switch (random_.Below(14)) {
      case 0:
      case 1:
      case 2:
        return Put();
      case 3:
      case 4:
        return Read();
      case 5:
        return Append();
      case 6:
        return Resize();
      case 7:
      case 8:
        return Erase();
      case 9:
        return Expire();
      case 10:
        return Move();
      case 11:
        return clock_.Advance(static_cast<int64_t>(random_.Below(40)));
      case 12:
        return RunDue();
      default:
        if (random_.Below(400) == 0) Rare();
    }
  }

  void Compare() {
    keyspace_.CheckInvariants();
    now_ms_ = clock_.unix_ms();
    model_.DropExpired(now_ms_);
    for (int database = 0; database < keyspace_.databases(); ++database) {
      size_t live = 0;
      keyspace_.database(database, now_ms_).ForEach([&](const Record& record) {
        ++live;
        const auto* entry = model_.Find(database, std::string(record.key()), now_ms_);
        REQUIRE(entry != nullptr);
        REQUIRE(TextOf(&record) == entry->text);
        REQUIRE(record.expire_at_ms() == entry->expire_at_ms);
      });
      REQUIRE(live == model_.keys(database).size());
    }
    for (const auto& [database, key] : listener_.expired) REQUIRE(database < keyspace_.databases());
    REQUIRE(listener_.expired.size() == keyspace_.counters().expired);
  }

 private:
  void Choose() {
    database_ = static_cast<int>(random_.Below(2));
    name_ = "key:" + std::to_string(random_.Below(random_.Below(3) == 0 ? 50 : 4000));
  }
  Key key() const { return keyspace_.MakeKey(name_); }
  Database database() { return keyspace_.database(database_, now_ms_); }
  KeyspaceModel::Entry* entry() { return model_.Find(database_, name_, now_ms_); }
  std::string Text() {
    switch (random_.Below(12)) {
      case 0:
        return std::string(kLargeValue - 2 + random_.Below(50'000), 'L');
      case 1:
        return std::string(random_.Below(2000), 'm');
      case 2:
      case 3:
      case 4:
        return std::to_string(static_cast<int64_t>(random_.Next()) >> random_.Below(64));
      default:
        return std::string(random_.Below(70), static_cast<char>('a' + random_.Below(26)));
    }
  }
  int64_t SomeExpiry() {
    return now_ms_ + static_cast<int64_t>(random_.Below(random_.Below(4) == 0 ? 100'000 : 300));
  }

  void Put() {
    Choose();
    const std::string text = Text();
    auto* present = entry();
    PutOptions options;
    if (random_.Below(2) == 0) options.expire_at_ms = SomeExpiry();
    options.keep_expiry = random_.Below(4) == 0;
    KeyspaceModel::Entry next{text, options.expire_at_ms};
    if (options.keep_expiry && present != nullptr && present->expire_at_ms != kNoExpiry) {
      next.expire_at_ms = present->expire_at_ms;
    }
    const bool is_new = random_.Below(4) == 0
                            ? database().PutString(key(), SharedBytes::CopyOf(text), options)
                            : database().PutString(key(), text, options);
    REQUIRE(is_new == (present == nullptr));
    model_.keys(database_)[name_] = next;
  }

  void Read() {
    Choose();
    const auto before = keyspace_.counters();
    const Record* record = database().Find(key());
    const auto after = keyspace_.counters();
    const auto* expected = entry();
    REQUIRE((record != nullptr) == (expected != nullptr));
    REQUIRE(after.hits - before.hits == (record != nullptr ? 1u : 0u));
    REQUIRE(after.misses - before.misses == (record != nullptr ? 0u : 1u));
    if (record == nullptr) return;
    REQUIRE(record->key() == name_);
    REQUIRE(TextOf(record) == expected->text);
    REQUIRE(record->expire_at_ms() == expected->expire_at_ms);
    REQUIRE(database().Peek(key()) == record);
    REQUIRE(database().FindQuietly(key(), random_.Below(2) == 0) == record);
    // A reply that is still being sent keeps its bytes.
    if (record->Large() && held_.size() < 8) held_.emplace_back(record->Large(), expected->text);
  }

  void Append() {
    Choose();
    const std::string text = Text();
    auto* present = entry();
    const size_t old_size = present != nullptr ? present->text.size() : 0;
    char* data = database().ResizeString(key(), old_size + text.size());
    std::memcpy(data + old_size, text.data(), text.size());
    REQUIRE(database().Peek(key())->encoding() == Encoding::kRaw);
    model_.keys(database_)[name_].text += text;
  }

  void Resize() {
    Choose();
    const size_t size = random_.Below(random_.Below(8) == 0 ? 60'000 : 200);
    database().ResizeString(key(), size);
    entry();
    model_.keys(database_)[name_].text.resize(size);
  }

  void Erase() {
    Choose();
    const bool present = entry() != nullptr;
    REQUIRE(database().Erase(key(), random_.Below(2) == 0 ? Reclaim::kNow : Reclaim::kInBackground) ==
            present);
    model_.keys(database_).erase(name_);
  }

  void Expire() {
    Choose();
    auto* present = entry();
    if (present == nullptr) return;
    present->expire_at_ms = random_.Below(3) == 0 ? kNoExpiry : SomeExpiry();
    REQUIRE(database().Peek(key()) != nullptr);
    database().SetExpiry(key(), present->expire_at_ms);
  }

  void Move() {
    Choose();
    auto* present = entry();
    if (present == nullptr) return;
    const KeyspaceModel::Entry moved = *present;
    const int from_database = database_;
    const std::string from = name_;
    Choose();
    if (random_.Below(3) == 0) name_ = from;
    if (from_database == database_ && from == name_) return;
    Database source = keyspace_.database(from_database, now_ms_);
    Database target = database();
    const bool keep = random_.Below(2) == 0;
    source.Transfer(keyspace_.MakeKey(from), target, key(), keep, Reclaim::kInBackground);
    model_.keys(database_)[name_] = moved;
    if (!keep) model_.keys(from_database).erase(from);
  }

  void RunDue() {
    listener_.expired.clear();
    const int64_t next_ms = keyspace_.ExpireDue(0, 1, now_ms_, 1'000'000);
    REQUIRE(next_ms > now_ms_);
    // What is left goes at most a tick late.
    for (int database = 0; database < keyspace_.databases(); ++database) {
      for (const auto& [name, entry] : model_.keys(database)) {
        if (entry.expire_at_ms < now_ms_) continue;
        REQUIRE(next_ms <= entry.expire_at_ms + 1 + TimingWheel::kTickMs);
      }
    }
    for (const auto& [database, name] : listener_.expired)
      REQUIRE(model_.Find(database, name, now_ms_) == nullptr);
    listener_.expired.clear();
    keyspace_.ResetCounters();
  }

  void Rare() {
    if (random_.Below(2) == 0) {
      keyspace_.Swap(0, 1);
      std::swap(model_.keys(0), model_.keys(1));
      listener_.expired.clear();
      keyspace_.ResetCounters();
      return;
    }
    const int database = static_cast<int>(random_.Below(2));
    const size_t keys = keyspace_.database(database, now_ms_).size();
    REQUIRE(keyspace_.Flush(database, random_.Below(2) == 0 ? Reclaim::kNow : Reclaim::kInBackground) ==
            keys);
    model_.keys(database).clear();
  }

  Random random_;
  ManualClock clock_;
  RecordingListener listener_;
  Keyspace keyspace_;
  KeyspaceModel model_;
  int64_t now_ms_ = kStartMs;
  int database_ = 0;
  std::string name_;

 public:
  std::vector<std::pair<SharedBytes, std::string>> held_;
};

TEST_CASE("database: random calls against a model") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  LazyFree lazy_free;
  for (const uint32_t shards : {1u, 4u, 64u}) {
    Play play(seed + shards, shards, shards == 4 ? nullptr : &lazy_free);
    for (int step = 0; step < 60'000; ++step) {
      play.Step();
      if (step % 6000 == 0) play.Compare();
    }
    play.Compare();
    for (const auto& [bytes, text] : play.held_) REQUIRE(bytes.view() == text);
  }
}

TEST_CASE("database: a key lives up to its millisecond and not longer") {
  ManualClock clock(kStartMs);
  RecordingListener listener;
  Keyspace keyspace(Options(clock), &listener, nullptr);
  const Key key = keyspace.MakeKey("key");
  keyspace.database(2, kStartMs).PutString(key, "value", {.expire_at_ms = kStartMs + 10});
  CHECK(keyspace.database(2, kStartMs + 10).Find(key) != nullptr);
  CHECK(keyspace.database(2, kStartMs).expiring_size() == 1);
  CHECK(keyspace.database(2, kStartMs + 11).Find(key) == nullptr);
  CHECK(listener.expired == std::vector<std::pair<int, std::string>>{{2, "key"}});
  CHECK(keyspace.database(2, kStartMs + 11).size() == 0);
  CHECK(keyspace.database(2, kStartMs + 11).expiring_size() == 0);
  CHECK(keyspace.counters().expired == 1);
}

TEST_CASE("database: encodings survive a transfer, a large value is shared") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  Database database = keyspace.database(0, kStartMs);
  Database other = keyspace.database(1, kStartMs);
  const Key a = keyspace.MakeKey("a");
  const Key b = keyspace.MakeKey("b");
  database.PutString(a, "12345");
  database.Transfer(a, database, b, false, Reclaim::kNow);
  CHECK(database.Peek(a) == nullptr);
  CHECK(database.Peek(b)->encoding() == Encoding::kInt);
  database.PutString(a, std::string(100'000, 'x'), {.expire_at_ms = kStartMs + 5});
  const char* bytes = database.Peek(a)->Large().data();
  database.Transfer(a, other, a, true, Reclaim::kNow);
  CHECK(other.Peek(a)->Large().data() == bytes);
  CHECK(other.Peek(a)->expire_at_ms() == kStartMs + 5);
  database.ResizeString(a, 100'001)[0] = 'y';
  CHECK(other.Peek(a)->Large().view() == std::string(100'000, 'x'));
}

TEST_CASE("database: appending a byte at a time moves the value rarely") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  Database database = keyspace.database(0, kStartMs);
  const Key key = keyspace.MakeKey("log");
  int moves = 0;
  const char* before = nullptr;
  for (size_t size = 1; size <= 300'000; ++size) {
    char* data = database.ResizeString(key, size);
    moves += data != before;
    before = data;
    data[size - 1] = static_cast<char>(size);
  }
  CHECK(moves < 120);
  IntegerText scratch;
  const std::string_view text = database.Peek(key)->String(scratch);
  for (size_t size = 1; size <= text.size(); ++size) REQUIRE(text[size - 1] == static_cast<char>(size));
}

TEST_CASE("scan: every key once when nothing changes, for any count") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  Database database = keyspace.database(0, kStartMs);
  CHECK(ScanAll(database, 10).empty());
  for (int i = 0; i < 5000; ++i) database.PutString(keyspace.MakeKey("key:" + std::to_string(i)), "v");
  for (const size_t count : {size_t{1}, size_t{10}, size_t{1000}, size_t{1'000'000}, SIZE_MAX}) {
    const auto seen = ScanAll(database, count);
    CHECK(seen.size() == 5000);
    CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& entry) { return entry.second == 1; }));
  }
  uint64_t cursor = 0;
  do {
    cursor = database.Scan(cursor, 10, [](const Record&) {});
    CHECK(cursor < uint64_t{1} << 53);
  } while (cursor != 0);
}

TEST_CASE("scan: expired keys are not shown, and many of them do not make a call long") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  for (int i = 0; i < 50'000; ++i) {
    keyspace.database(0, kStartMs)
        .PutString(keyspace.MakeKey(std::to_string(i)), "v",
                   {.expire_at_ms = i % 1000 == 0 ? kNoExpiry : kStartMs});
  }
  int calls = 0;
  CHECK(ScanAll(keyspace.database(0, kStartMs + 1), 10, [&] { ++calls; }).size() == 50);
  CHECK(calls > 5);
}

TEST_CASE("scan: what stays is seen, while keys come and go") {
  const uint64_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 12; ++round) {
    ManualClock clock(kStartMs);
    Keyspace keyspace(Options(clock, random.Next(), 4), nullptr, nullptr);
    Database database = keyspace.database(0, kStartMs);
    for (int i = 0; i < 1000; ++i) database.PutString(keyspace.MakeKey("stay:" + std::to_string(i)), "v");
    int low = 0;
    int high = round % 2 == 0 ? 0 : 20'000;
    for (int i = 0; i < high; ++i) database.PutString(keyspace.MakeKey(std::to_string(i)), "v");
    const auto seen = ScanAll(database, 1 + random.Below(30), [&] {
      for (int i = 0; i < 200; ++i) {
        if (round % 2 == 0 && high < 40'000)
          database.PutString(keyspace.MakeKey(std::to_string(high++)), "v");
        if (round % 2 == 1 && low < high) database.Erase(keyspace.MakeKey(std::to_string(low++)));
      }
    });
    for (int i = 0; i < 1000; ++i) REQUIRE(seen.contains("stay:" + std::to_string(i)));
  }
}

TEST_CASE("scan: any cursor is safe and comes to an end") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  Database database = keyspace.database(0, kStartMs);
  for (int i = 0; i < 3000; ++i) database.PutString(keyspace.MakeKey(std::to_string(i)), "v");
  Random random(23);
  for (int i = 0; i < 500; ++i) {
    uint64_t cursor = i == 0 ? UINT64_MAX : random.Next() >> random.Below(64);
    int calls = 0;
    do {
      cursor = database.Scan(cursor, 100, [](const Record&) {});
    } while (cursor != 0 && ++calls < 1000);
    REQUIRE(cursor == 0);
  }
}

TEST_CASE("random key: all keys are equally likely, expired ones are not answered") {
  ManualClock clock(kStartMs);
  Keyspace keyspace(Options(clock), nullptr, nullptr);
  Database database = keyspace.database(0, kStartMs);
  std::string name = "unchanged";
  CHECK(!database.RandomKey(&name));
  CHECK(name == "unchanged");
  constexpr int kKeys = 40;
  for (int i = 0; i < kKeys; ++i) database.PutString(keyspace.MakeKey(std::to_string(i)), "v");
  std::unordered_map<std::string, int> drawn;
  for (int i = 0; i < kKeys * 200; ++i) {
    REQUIRE(database.RandomKey(&name));
    ++drawn[name];
  }
  CHECK(drawn.size() == kKeys);
  double chi_square = 0;
  for (const auto& [key, times] : drawn) chi_square += (times - 200.0) * (times - 200.0) / 200.0;
  CHECK(chi_square < 100);  // 39 degrees of freedom: 1 in a million is above 90

  for (int i = 0; i < 20'000; ++i) {
    database.PutString(keyspace.MakeKey("gone:" + std::to_string(i)), "v", {.expire_at_ms = kStartMs});
  }
  Database later = keyspace.database(0, kStartMs + 1);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(later.RandomKey(&name));
    REQUIRE(!name.starts_with("gone:"));
  }
  for (int i = 0; i < kKeys; ++i) later.Erase(keyspace.MakeKey(std::to_string(i)));
  CHECK(!later.RandomKey(&name));
}

}  // namespace
}  // namespace corral::storage
