// Values opened for change: packed bytes that grow and shrink in a record and out of it, while their key has
// an expiry or gets one.
#include "storage/open_value.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/random.h"
#include "storage/keyspace.h"
#include "storage/lazy_free.h"
#include "storage/types/packed_list.h"
#include "storage/types/set_object.h"
#include "storage/types/stream/stream_object.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

struct Fixture {
  LazyFree lazy_free;
  Keyspace keyspace{{.databases = 1, .seed = 7}, nullptr, &lazy_free};
  Database db = keyspace.database(0, kNowMs);
  Key Named(std::string_view name) const { return keyspace.MakeKey(name); }
};

std::vector<std::string> ElementsOf(const ValueView& value) {
  REQUIRE(value.packed());
  std::vector<std::string> elements;
  const PackedList list(value.bytes());
  IntegerText scratch;
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    elements.emplace_back(list[at].Text(scratch));
  }
  return elements;
}

TEST_CASE("a value is created with the first thing that is written into it, and not before") {
  Fixture f;
  const Key key = f.Named("k");
  {
    OpenValue value(f.db, key);
    CHECK_FALSE(value.exists());
    value.Begin(PackedForm::kList);
    CHECK(value.value().size() == 0);
    CHECK_FALSE(value.Close());
  }
  CHECK(f.db.size() == 0);
  {
    OpenValue value(f.db, key);
    value.Begin(PackedForm::kList);
    PackedList::Append(value, PackedElement("a"));
    CHECK(value.exists());
  }
  CHECK(f.db.Peek(key)->type() == ValueType::kList);
  CHECK(f.db.Peek(key)->encoding() == Encoding::kListpack);
  CHECK(ElementsOf(f.db.Peek(key)->value()) == std::vector<std::string>{"a"});
  {
    OpenValue value(f.db, key);
    PackedList::Erase(value, PackedList(value.view()).begin(), 1);
    CHECK(value.Close());
  }
  CHECK(f.db.Peek(key) == nullptr);
}

TEST_CASE("an object that has become empty takes its key with it, unless it is a stream") {
  Fixture f;
  const std::string_view entry[] = {"f", "v"};
  auto stream = std::make_unique<StreamObject>();
  REQUIRE(stream->Append({1, 1}, entry, {}) == StreamObject::AppendResult::kAppended);
  CHECK(stream->keeps_key());
  {
    OpenValue value(f.db, f.Named("stream"));
    value.Become(std::move(stream));
    CHECK(value.as<StreamObject>().Delete({1, 1}));
    CHECK_FALSE(value.Close());
  }
  REQUIRE(f.db.Peek(f.Named("stream")) != nullptr);
  CHECK(f.db.Peek(f.Named("stream"))->value().size() == 0);

  auto set = std::make_unique<SetObject>();
  REQUIRE(set->Add("member"));
  CHECK(set->keeps_key());
  {
    OpenValue value(f.db, f.Named("set"));
    value.Become(std::move(set));
    CHECK(value.as<SetObject>().Erase("member"));
    CHECK_FALSE(value.as<SetObject>().keeps_key());
    CHECK(value.Close());
  }
  CHECK(f.db.Peek(f.Named("set")) == nullptr);
}

TEST_CASE("a string is left alone, and an absent value may begin as large or as an object") {
  Fixture f;
  f.db.PutString(f.Named("s"), "text");
  {
    OpenValue value(f.db, f.Named("s"));
    CHECK(value.type() == ValueType::kString);
  }
  CHECK(f.db.Peek(f.Named("s")) != nullptr);
  for (const size_t size : {size_t{20}, size_t{kLargeValue}, size_t{100'000}}) {
    OpenValue value(f.db, f.Named("k"));
    if (!value.exists()) value.Begin(PackedForm::kList);
    PackedList::Append(value, PackedElement(std::string(size, 'x')));
  }
  CHECK(ElementsOf(f.db.Peek(f.Named("k"))->value()).size() == 3);
  CHECK(f.db.Peek(f.Named("k"))->allocated_bytes() > 116'000);
  f.keyspace.CheckInvariants();
}

TEST_CASE("packed values against a model: grow over the size of a record, shrink, expire, copy, move") {
  Fixture f;
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  std::map<std::string, std::vector<std::string>> model;
  for (int step = 0; step < 30'000; ++step) {
    const std::string name = "key" + std::to_string(random.Below(20));
    const Key key = f.Named(name);
    switch (random.Below(8)) {
      case 0:
        if (model.count(name)) {
          f.db.SetExpiry(key, random.Below(2) == 0 ? kNoExpiry : kNowMs + 1 + int64_t(random.Below(1000)));
        }
        break;
      case 1: {
        const std::string target = "key" + std::to_string(random.Below(20));
        if (!model.count(name) || target == name) break;
        const bool keep = random.Below(2) == 0;
        f.db.Transfer(key, f.db, f.Named(target), keep, Reclaim::kNow);
        model[target] = model[name];
        if (!keep) model.erase(name);
        break;
      }
      case 2: {
        DetachedValue built(PackedForm::kList);
        PackedList::Append(built, PackedElement("built"));
        f.db.PutValue(key, std::move(built));
        model[name] = {"built"};
        break;
      }
      default: {
        OpenValue value(f.db, key);
        if (!value.exists()) value.Begin(PackedForm::kList);
        std::vector<std::string>& elements = model[name];
        const bool shrinks = random.Below(60) == 0;
        for (uint64_t i = random.Below(20); i > 0; --i) {
          const PackedList list(value.view());
          if ((shrinks || random.Below(3) == 0) && !elements.empty()) {
            const size_t count = shrinks ? elements.size() / 2 + 1 : 1;
            PackedList::Erase(value, list.begin(), count);
            elements.erase(elements.begin(), elements.begin() + static_cast<ptrdiff_t>(count));
          } else {
            const std::string element(random.Below(random.Below(10) == 0 ? 3000 : 40), 'e');
            PackedList::Append(value, PackedElement(element));
            elements.push_back(element);
          }
        }
        if (elements.empty()) model.erase(name);
        break;
      }
    }
  }
  f.keyspace.CheckInvariants();
  REQUIRE(f.db.size() == model.size());
  for (const auto& [name, elements] : model) {
    const Record* record = f.db.Peek(f.Named(name));
    REQUIRE(record != nullptr);
    record->CheckInvariants();
    CHECK(ElementsOf(record->value()) == elements);
  }
}

}  // namespace
}  // namespace corral::storage
