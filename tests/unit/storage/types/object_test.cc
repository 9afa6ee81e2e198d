// Objects in records: what the engine asks of a value, who owns it, and when it goes; by an object of
// strings.
#include "storage/types/object.h"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/allocation.h"
#include "storage/base/random.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"
#include "storage/open_value.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

// A list of strings that counts how many of its kind there are.
class Strings final : public Object {
 public:
  explicit Strings(std::vector<std::string> strings, size_t effort = 0,
                   Encoding encoding = Encoding::kQuicklist)
      : strings(std::move(strings)), effort_(effort), encoding_(encoding) {
    ++alive;
  }
  ~Strings() override { --alive; }
  ValueType type() const override { return ValueType::kList; }
  Encoding encoding() const override { return encoding_; }
  size_t size() const override { return strings.size(); }
  size_t allocated_bytes() const override { return sizeof(*this) + strings.size() * 100; }
  size_t effort_to_free() const override { return effort_ != 0 ? effort_ : strings.size(); }
  std::unique_ptr<Object> Clone() const override {
    return std::make_unique<Strings>(strings, effort_, encoding_);
  }
  void Save(ValueSink& sink) const override {
    for (const std::string_view text : strings) sink.Element({&text, 1});
  }

  static inline std::atomic<int> alive = 0;
  std::vector<std::string> strings;

 private:
  size_t effort_;
  Encoding encoding_;
};

std::unique_ptr<Object> Of(std::vector<std::string> strings, size_t effort = 0) {
  return std::make_unique<Strings>(std::move(strings), effort);
}

std::vector<std::string>& StringsOf(const Record* record) {
  return static_cast<Strings*>(record->object())->strings;
}

struct Fixture {
  LazyFree lazy_free;
  Keyspace keyspace{{.databases = 2, .seed = 7}, nullptr, &lazy_free};
  Database db = keyspace.database(0, kNowMs);
  Database other = keyspace.database(1, kNowMs);
  Key Named(std::string_view name) const { return keyspace.MakeKey(name); }
};

TEST_CASE("a record tells its object's type, encoding and bytes; a string has none") {
  Fixture f;
  CHECK(f.db.PutValue(f.Named("k"), DetachedValue(Of({"a"}))));
  f.db.PutString(f.Named("s"), "1");
  const Record* record = f.db.Peek(f.Named("k"));
  CHECK(record->type() == ValueType::kList);
  CHECK(NameOf(record->type()) == "list");
  CHECK(NameOf(record->encoding()) == "quicklist");
  CHECK(record->allocated_bytes() == SizeClass(record->size()) + sizeof(Strings) + 100);
  CHECK(f.db.Peek(f.Named("s"))->object() == nullptr);
  CHECK(f.db.Peek(f.Named("s"))->type() == ValueType::kString);
}

TEST_CASE("copies are values of their own, moves carry the object itself") {
  Fixture f;
  f.db.PutValue(f.Named("k"), DetachedValue(Of({"a", "b"})), {.expire_at_ms = kNowMs + 5000});
  const Object* object = f.db.Peek(f.Named("k"))->object();
  f.db.Transfer(f.Named("k"), f.db, f.Named("copy"), true, Reclaim::kNow);
  StringsOf(f.db.Peek(f.Named("copy"))).push_back("c");
  CHECK(StringsOf(f.db.Peek(f.Named("k"))).size() == 2);
  f.other.PutValue(f.Named("k"), DetachedValue(Of({"old"})));
  f.db.Transfer(f.Named("k"), f.other, f.Named("k"), false, Reclaim::kNow);
  CHECK(f.db.Peek(f.Named("k")) == nullptr);
  CHECK(f.other.Peek(f.Named("k"))->object() == object);
  CHECK(f.other.Peek(f.Named("k"))->expire_at_ms() == kNowMs + 5000);
  f.keyspace.CheckInvariants();
}

TEST_CASE(
    "what is taken out of a record is freed in the background when it is much, and counted when asked for") {
  Fixture f;
  const int before = Strings::alive;
  struct {
    size_t effort;
    Reclaim reclaim;
    uint64_t counted;
  } cases[] = {{64, Reclaim::kInBackground, 0},
               {65, Reclaim::kInBackground, 1},
               {65, Reclaim::kNow, 0},
               {1'000'000, Reclaim::kNow, 0}};
  for (const auto& c : cases) {
    f.lazy_free.ResetFreed();
    f.db.PutValue(f.Named("k"), DetachedValue(Of({"a"}, c.effort)));
    CHECK(f.db.Erase(f.Named("k"), c.reclaim));
    f.lazy_free.Drain();
    CHECK(f.lazy_free.freed_objects() == c.counted);
    f.db.PutValue(f.Named("k"), DetachedValue(Of({"a"}, c.effort)));
    f.db.PutValue(f.Named("k"), DetachedValue(PackedForm::kIntSet), {}, c.reclaim);
    f.lazy_free.Drain();
    CHECK(f.lazy_free.freed_objects() == 2 * c.counted);
    f.db.Erase(f.Named("k"));
    CHECK(Strings::alive == before);
  }
}

TEST_CASE("an opened object that became empty takes its key along; others stay, and may be replaced") {
  Fixture f;
  const Key key = f.Named("k");
  f.db.PutValue(key, DetachedValue(Of({"a"})));
  {
    OpenValue value(f.db, key);
    REQUIRE(value.type() == ValueType::kList);
    value.as<Strings>().strings.push_back("b");
    value.Become(std::make_unique<Strings>(std::vector<std::string>{"x"}, 0, Encoding::kListpack));
    CHECK(value.object()->size() == 1);
    CHECK_FALSE(value.Close());
  }
  CHECK(f.db.Peek(key)->encoding() == Encoding::kListpack);
  {
    OpenValue value(f.db, key);
    value.as<Strings>().strings.clear();
  }
  CHECK(f.db.Peek(key) == nullptr);
  CHECK(f.db.size() == 0);
}

TEST_CASE("objects against a model: put, change, overwrite, expire, transfer, erase; none is lost or kept") {
  const int before = Strings::alive;
  {
    Fixture f;
    const uint32_t seed = TestSeed();
    CAPTURE(seed);
    Random random(seed);
    using Model = std::map<std::string, std::optional<std::vector<std::string>>>;  // none: a string
    Model models[2];
    for (int step = 0; step < 20'000; ++step) {
      const auto from = static_cast<size_t>(random.Below(2)), to = static_cast<size_t>(random.Below(2));
      const std::string name = "key" + std::to_string(random.Below(40));
      const std::string target = "key" + std::to_string(random.Below(40));
      Database& db = from == 0 ? f.db : f.other;
      Model& model = models[from];
      const Key key = f.Named(name);
      const auto found = model.find(name);
      const Reclaim reclaim = random.Below(2) == 0 ? Reclaim::kNow : Reclaim::kInBackground;
      switch (random.Below(7)) {
        case 0: {
          std::vector<std::string> strings(1 + random.Below(100), name);
          CHECK(db.PutValue(key, DetachedValue(Of(strings))) == (found == model.end()));
          model[name] = strings;
          break;
        }
        case 1:
          db.PutString(key, std::string(random.Below(2) == 0 ? 20 : 20'000, 'x'));
          model[name] = std::nullopt;
          break;
        case 2:
          CHECK(db.Erase(key, reclaim) == (found != model.end()));
          model.erase(name);
          break;
        case 3:
          if (found != model.end()) db.SetExpiry(key, random.Below(2) == 0 ? kNoExpiry : kNowMs + 1000);
          break;
        case 4:
        case 5: {
          const bool keep = random.Below(2) == 0;
          if (found == model.end() || (from == to && name == target)) break;
          const auto value = found->second;
          db.Transfer(key, to == 0 ? f.db : f.other, f.Named(target), keep, reclaim);
          if (!keep) model.erase(name);
          models[to][target] = value;
          break;
        }
        case 6: {
          if (found == model.end() || !found->second) break;
          OpenValue opened(db, key);
          auto& strings = opened.as<Strings>().strings;
          if (random.Below(3) == 0)
            strings.clear();
          else
            strings.push_back("more");
          *found->second = strings;
          const bool empty = strings.empty();
          CHECK(opened.Close() == empty);
          if (found->second->empty()) model.erase(found);
          break;
        }
      }
    }
    f.keyspace.CheckInvariants();
    for (size_t i = 0; i < 2; ++i) {
      Database& db = i == 0 ? f.db : f.other;
      REQUIRE(db.size() == models[i].size());
      for (const auto& [name, value] : models[i]) {
        const Record* record = db.Peek(f.Named(name));
        REQUIRE(record != nullptr);
        REQUIRE((record->object() != nullptr) == value.has_value());
        if (value) CHECK(StringsOf(record) == *value);
      }
    }
  }
  CHECK(Strings::alive == before);
}

}  // namespace
}  // namespace corral::storage
