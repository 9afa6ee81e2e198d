#include "storage/types/packed_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "storage/base/random.h"
#include "tests/unit/storage/types/owned_buffer.h"

namespace corral::storage {
namespace {

using Strings = std::vector<std::string>;

OwnedBuffer Empty() { return OwnedBuffer({PackedList::kEmpty, PackedList::kEmptyBytes}); }

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<uint8_t>(byte) >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

Strings Contents(PackedList list) {
  Strings strings;
  IntegerText scratch;
  for (auto at = list.begin(); at != list.end(); at = list.Next(at)) {
    strings.emplace_back(list[at].Text(scratch));
  }
  return strings;
}

std::string RandomText(Random& random) {
  switch (random.Below(8)) {
    case 0:
      return std::to_string(random.Below(128));
    case 1:
      return std::to_string(static_cast<int64_t>(random.Below(8192)) - 4096);
    case 2:
      return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(63));
    case 3:
      return "0" + std::to_string(random.Below(10));
    case 4:
      return "";
    case 5:
      return std::string(random.Below(300), 'm');
    case 6:
      return random.Below(20) == 0 ? std::string(4000 + random.Below(20'000), 'l') : "-0";
    default:
      return "element:" + std::to_string(random.Below(50));
  }
}

TEST_CASE("the bytes are those of Redis's listpack") {
  OwnedBuffer buffer = Empty();
  CHECK(Hex(buffer.view()) == "070000000000ff");
  // As DUMP of redis-server 7.0.15 shows them for one hash, set or list with these elements.
  const auto bytes_of = [](std::string_view text) {
    OwnedBuffer one = Empty();
    PackedList::Append(one, PackedElement(text));
    return Hex(one.view().substr(6, one.size() - 7));
  };
  CHECK(bytes_of("0") == "0001");
  CHECK(bytes_of("127") == "7f01");
  CHECK(bytes_of("128") == "c08002");
  CHECK(bytes_of("-1") == "dfff02");
  CHECK(bytes_of("4095") == "cfff02");
  CHECK(bytes_of("-4096") == "d00002");
  CHECK(bytes_of("4096") == "f1001003");
  CHECK(bytes_of("-32768") == "f1008003");
  CHECK(bytes_of("32768") == "f200800004");
  CHECK(bytes_of("-8388608") == "f200008004");
  CHECK(bytes_of("8388608") == "f30000800005");
  CHECK(bytes_of("2147483648") == "f4000000800000000009");
  CHECK(bytes_of("a") == "816102");
  CHECK(bytes_of("") == "8001");
  CHECK(bytes_of("01") == "82303103");
  CHECK(bytes_of(std::string(64, 'x')).starts_with("e040"));
  CHECK(bytes_of(std::string(64, 'x')).ends_with("7842"));
  CHECK(bytes_of(std::string(126, 'x')).ends_with("780180"));
  CHECK(bytes_of(std::string(4096, 'x')).starts_with("f000100000"));
  CHECK(bytes_of(std::string(4096, 'x')).ends_with("782085"));
  // One below what two bytes could say, Redis takes three.
  CHECK(bytes_of(std::string(16'377, 'x')).ends_with("787ffe"));
  CHECK(bytes_of(std::string(16'378, 'x')).ends_with("7800ffff"));
}

TEST_CASE("random changes leave what a vector of strings has") {
  Random random(11);
  for (int round = 0; round < 20; ++round) {
    OwnedBuffer buffer = Empty();
    Strings model;
    for (int step = 0; step < 400; ++step) {
      const PackedList list(buffer.view());
      const size_t index = random.Below(model.size() + 1);
      const auto at = list.At(index);
      const std::string text = RandomText(random);
      const auto place = model.begin() + static_cast<int64_t>(index);
      switch (random.Below(model.size() > 60 ? 6 : 4)) {
        case 0:
        case 1:
          PackedList::Insert(buffer, at, PackedElement(text));
          model.insert(place, text);
          break;
        case 2:
          if (index == model.size()) break;
          PackedList::Replace(buffer, at, PackedElement(text));
          *place = text;
          break;
        case 3: {
          const auto found = list.Find(text, list.begin());
          const auto expected = std::find(model.begin(), model.end(), text);
          REQUIRE((found == list.end()) == (expected == model.end()));
          if (found != list.end()) REQUIRE(found == list.At(static_cast<size_t>(expected - model.begin())));
          break;
        }
        default: {
          const size_t count = random.Below(6);
          PackedList::Erase(buffer, at, count);
          model.erase(place, place + static_cast<int64_t>(std::min(count, model.size() - index)));
        }
      }
      const PackedList after(buffer.view());
      after.CheckInvariants();
      REQUIRE(PackedList::Valid(buffer.view()));
      REQUIRE(after.count() == model.size());
      REQUIRE(Contents(after) == model);
      Strings backwards;
      IntegerText scratch;
      for (auto back = after.end(); back != after.begin();) {
        back = after.Previous(back);
        backwards.emplace(backwards.begin(), after[back].Text(scratch));
      }
      REQUIRE(backwards == model);
    }
  }
}

TEST_CASE("the search for a name passes over what belongs to the names") {
  OwnedBuffer buffer = Empty();
  for (const char* text : {"a", "b", "b", "3", "3", "c"}) PackedList::Append(buffer, PackedElement(text));
  const PackedList list(buffer.view());
  CHECK(list.FindName("b", 2) == list.At(2));
  CHECK(list.FindName("3", 2) == list.At(4));
  CHECK(list.FindName("c", 2) == list.end());
  CHECK(list.FindName("3", 3) == list.At(3));
  CHECK(list.FindName("b", 3) == list.end());
  CHECK(list[list.At(4)] == "3");
  CHECK(PackedList({PackedList::kEmpty, PackedList::kEmptyBytes}).FindName("", 1) ==
        PackedList::kHeaderBytes);
}

// Names that share their beginnings, their ends, or all but the length, among values that are names of
// others.
TEST_CASE("every name is found, and no other") {
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    OwnedBuffer buffer = Empty();
    Strings names, others;
    for (size_t i = random.Below(40); i > 0; --i) {
      const std::string name = RandomText(random);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    for (const std::string& name : names) {
      PackedList::Append(buffer, PackedElement(name));
      others.push_back(random.Below(2) == 0 ? RandomText(random) : names[random.Below(names.size())]);
      PackedList::Append(buffer, PackedElement(others.back()));
    }
    const PackedList list(buffer.view());
    for (size_t i = 0; i < names.size(); ++i) {
      size_t index = 0;
      REQUIRE(list.FindName(PackedElement(names[i]), 2, list.begin(), &index) == list.At(2 * i));
      REQUIRE(index == i);
    }
    for (const std::string& other : others) {
      const bool is_name = std::find(names.begin(), names.end(), other) != names.end();
      REQUIRE((list.FindName(other, 2) != list.end()) == is_name);
    }
  }
}

TEST_CASE("more elements than the header can count are counted by a walk") {
  OwnedBuffer buffer = Empty();
  OwnedBuffer block = Empty();
  for (int i = 0; i < 4096; ++i) PackedList::Append(block, PackedElement(int64_t{i % 100}));
  for (int i = 0; i < 17; ++i) PackedList::AppendAll(buffer, PackedList(block.view()));
  CHECK(PackedList(buffer.view()).count() == 4096 * 17);
  PackedList::Erase(buffer, PackedList::kHeaderBytes, 4096 * 16 + 1);
  CHECK(PackedList(buffer.view()).count() == 4095);
  CHECK(PackedList::Valid(buffer.view()));
}

TEST_CASE("no single wrong byte makes a list that cannot be read") {
  OwnedBuffer buffer = Empty();
  for (const char* text : {"one", "2", "-300", "70000", "5000000000", "", "0123456789"}) {
    PackedList::Append(buffer, PackedElement(text));
  }
  PackedList::Append(buffer, PackedElement(std::string(200, 'z')));
  const std::string good(buffer.view());
  CHECK(PackedList::Valid(good));
  for (size_t cut = 0; cut < good.size(); ++cut) CHECK_FALSE(PackedList::Valid(good.substr(0, cut)));
  size_t refused = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bad = good;
      bad[at] = static_cast<char>(byte);
      // A copy of just that size, so that AddressSanitizer sees a step beyond it.
      const std::vector<char> exact(bad.begin(), bad.end());
      const std::string_view view(exact.data(), exact.size());
      if (!PackedList::Valid(view)) {
        ++refused;
        continue;
      }
      const PackedList list(view);
      REQUIRE(Contents(list).size() == list.count());
      for (auto back = list.end(); back != list.begin();) back = list.Previous(back);
    }
  }
  CHECK(refused > 0);
}

}  // namespace
}  // namespace corral::storage
