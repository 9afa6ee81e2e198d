// Lists, packed and large, against a vector of strings: every change, every limit, read in both directions.
#include "storage/types/list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "storage/types/list_cursor.h"
#include "storage/types/list_object.h"
#include "storage/types/packed_object.h"
#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

using Strings = std::vector<std::string>;

Strings Forwards(const ValueView& list) {
  Strings texts;
  IntegerText scratch;
  if (list.size() == 0) return texts;
  ListCursor cursor(list, 0);
  for (size_t i = 0; i < list.size(); ++i, cursor.Next()) texts.emplace_back((*cursor).Text(scratch));
  return texts;
}

Strings Backwards(const ValueView& list) {
  Strings texts;
  IntegerText scratch;
  if (list.size() == 0) return texts;
  ListCursor cursor(list, list.size() - 1);
  for (size_t i = 0; i < list.size(); ++i, cursor.Previous()) texts.emplace_back((*cursor).Text(scratch));
  std::reverse(texts.begin(), texts.end());
  return texts;
}

struct Collector : ValueSink {
  Strings texts;
  void Element(std::span<const std::string_view> parts) override { texts.emplace_back(parts[0]); }
};

void Check(const ValueView& list) {
  if (list.packed()) return PackedList(list.bytes()).CheckInvariants();
  list.as<ListObject>().CheckInvariants();
}

// As the commands do it.
void Push(List& list, uint64_t index, std::string_view text) {
  list.Expect(1, text.size());
  list.Insert(index, text);
}

std::string RandomText(Random& random) {
  switch (random.Below(8)) {
    case 0:
    case 1:
      return std::to_string(random.Below(20));
    case 2:
      return std::to_string(static_cast<int64_t>(random.Next()));
    case 3:
      return std::string(random.Below(70), 'x');
    case 4:
      return std::string(random.Below(3000), 'y');
    case 5:
      return random.Below(10) == 0 ? std::string(4000 + random.Below(30'000), 'z') : "z";
    default:
      return std::string(1, static_cast<char>('a' + random.Below(6)));
  }
}

uint64_t RemoveFromModel(Strings& model, const std::string& text, uint64_t most, bool from_end) {
  uint64_t removed = 0;
  if (from_end) std::reverse(model.begin(), model.end());
  for (auto at = model.begin(); at != model.end() && removed < most;) {
    if (*at != text) {
      ++at;
      continue;
    }
    at = model.erase(at);
    ++removed;
  }
  if (from_end) std::reverse(model.begin(), model.end());
  return removed;
}

void Step(Random& random, List& list, Strings& model, bool growing) {
  const size_t index = random.Below(model.size() + 1);
  switch (random.Below(growing ? 10 : 16)) {
    case 0:
    case 1: {
      const std::string text = RandomText(random);
      Push(list, 0, text);
      model.insert(model.begin(), text);
      return;
    }
    case 2:
    case 3: {
      const std::string text = RandomText(random);
      Push(list, model.size(), text);
      model.push_back(text);
      return;
    }
    case 4:
    case 5:
    case 6: {
      const std::string text = RandomText(random);
      Push(list, index, text);
      model.insert(model.begin() + static_cast<ptrdiff_t>(index), text);
      return;
    }
    case 7: {
      if (index == model.size()) return;
      const std::string text = RandomText(random);
      list.Expect(1, text.size());
      list.Set(index, text);
      model[index] = text;
      return;
    }
    case 8: {
      const std::string text = RandomText(random);
      const uint64_t most = random.Below(4) == 0 ? UINT64_MAX : 1 + random.Below(3);
      const bool from_end = random.Below(2) == 0;
      REQUIRE(list.Remove(text, most, from_end) == RemoveFromModel(model, text, most, from_end));
      return;
    }
    case 9:
      list.Erase(model.size() - std::min<size_t>(model.size(), 1), 1);
      if (!model.empty()) model.pop_back();
      return;
    default: {
      const size_t count =
          std::min<size_t>(random.Below(random.Below(10) == 0 ? 300 : 8), model.size() - index);
      list.Erase(index, count);
      const auto first = model.begin() + static_cast<ptrdiff_t>(index);
      model.erase(first, first + static_cast<ptrdiff_t>(count));
      return;
    }
  }
}

TEST_CASE("random changes leave what a vector has, at every limit") {
  const uint32_t seed = TestSeed();
  CAPTURE(seed);
  Random random(seed);
  for (const int setting : {-1, -2, -5, 1, 2, 5, 128, 0, 100'000}) {
    CAPTURE(setting);
    const ListNodeLimit limit = ListNodeLimit::Of(setting);
    DetachedValue value(PackedForm::kList);
    List list(value, limit);
    Strings model;
    for (int step = 0; step < 6000; ++step) {
      Step(random, list, model, step / 1000 % 2 == 0);
      REQUIRE(list.size() == model.size());
      if (step % 50 != 0) continue;
      Check(list.value());
      REQUIRE(Forwards(list.value()) == model);
      REQUIRE(Backwards(list.value()) == model);
    }
    if (!value.packed()) {
      const auto clone = value.object()->Clone();
      static_cast<const ListObject&>(*clone).CheckInvariants();
      CHECK(Forwards(ValueView(*clone)) == model);
    }
    Collector saved;
    list.value().Save(saved);
    CHECK(saved.texts == model);
    while (list.size() > 0) list.Erase(random.Below(list.size()), 1 + random.Below(40));
    Check(list.value());
  }
}

TEST_CASE("a limit is bytes or elements, as the directive says") {
  CHECK(ListNodeLimit::Of(-1).bytes == 4096);
  CHECK(ListNodeLimit::Of(-2).bytes == 8192);
  CHECK(ListNodeLimit::Of(-5).bytes == 65536);
  CHECK(ListNodeLimit::Of(-6).bytes == 65536);
  CHECK(ListNodeLimit::Of(INT32_MIN).bytes == 65536);
  CHECK(ListNodeLimit::Of(0).elements == 1);
  CHECK(ListNodeLimit::Of(128).elements == 128);
  CHECK(ListNodeLimit::Of(128).bytes == 8192);
  CHECK(ListNodeLimit::Of(INT32_MAX).elements == 32767);
}

TEST_CASE("a packed list becomes large where the limit ends, and packed again at half of it") {
  DetachedValue value(PackedForm::kList);
  List list(value, ListNodeLimit::Of(4));
  for (int i = 0; i < 4; ++i) Push(list, list.size(), std::to_string(i));
  CHECK(value.packed());
  Push(list, list.size(), "4");
  CHECK(value.value().encoding() == Encoding::kQuicklist);
  list.Erase(0, 3);
  CHECK_FALSE(value.packed());  // two nodes of one element each
  list.Erase(0, 1);
  CHECK(value.packed());
  CHECK(Forwards(value.value()) == Strings{"4"});
  for (int i = 0; i < 4; ++i) Push(list, 0, std::to_string(i));
  list.Erase(0, 1);
  CHECK_FALSE(value.packed());  // one node of more than half the limit
  list.Erase(2, 2);
  CHECK(value.packed());
}

TEST_CASE("an element beyond the limit lies by itself and is shared by a copy") {
  DetachedValue value(PackedForm::kList);
  List list(value, ListNodeLimit::Of(-2));
  const std::string big(100'000, 'b');
  for (int i = 0; i < 10; ++i) Push(list, list.size(), std::to_string(i));
  Push(list, 5, big);
  CHECK(list.size() == 11);
  const ListElement element = *ListCursor(list.value(), 5);
  REQUIRE(element.large != nullptr);
  CHECK(element == big);
  const auto clone = value.object()->Clone();
  CHECK(element.large->handles() == 2);
  CHECK(value.object()->allocated_bytes() > big.size());
  CHECK(value.object()->effort_to_free() == 3);
  list.Set(5, "small");
  CHECK(list.Remove(big, UINT64_MAX, true) == 0);
  CHECK((*ListCursor(ValueView(*clone), 5)) == big);
  CHECK(value.packed());
}

// 16 bytes of text in an element: 18 in the packed list.
TEST_CASE("a large list takes hardly more than its elements") {
  for (const bool at_front : {false, true}) {
    DetachedValue value(PackedForm::kList);
    List list(value, ListNodeLimit::Of(-2));
    for (size_t i = 0; i < 1'000'000; ++i)
      Push(list, at_front ? 0 : i, std::to_string(1'000'000'000 + i) + "abcdef");
    const auto& object = value.as<ListObject>();
    object.CheckInvariants();
    CHECK(static_cast<double>(object.allocated_bytes()) / 1e6 <= 18.5);
  }
}

TEST_CASE("what is inserted in one place fills its nodes, and what is left after erasing joins") {
  DetachedValue value(PackedForm::kList);
  List list(value, ListNodeLimit::Of(-2));
  for (size_t i = 0; i < 1000; ++i) Push(list, i, "an element of 24 bytes..");
  for (size_t i = 0; i < 20'000; ++i) Push(list, 500 + (i % 2 == 0 ? 0 : i / 2), "an element of 24 bytes..");
  const auto& object = value.as<ListObject>();
  CHECK(object.allocated_bytes() < list.size() * 26 * 3 / 2);
  for (size_t i = 1; i < list.size(); ++i) {
    if (list.size() > 2000) list.Erase(i, 9);
  }
  object.CheckInvariants();
  CHECK(object.allocated_bytes() < list.size() * 26 * 3);
}

}  // namespace
}  // namespace corral::storage
