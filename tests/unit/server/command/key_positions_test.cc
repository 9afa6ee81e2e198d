// FindKeys over every shape of key spec, with the rows of commands that have it.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/command/table.h"

namespace corral::command {
namespace {

using Find = KeySpec::Find;
using Begin = KeySpec::Begin;

struct Found {
  bool complete;
  std::vector<size_t> positions;
  bool operator==(const Found&) const = default;
};

// `line` is cut at spaces.
Found Keys(std::span<const KeySpec> specs, std::string_view line, uint32_t flags = 0) {
  std::vector<std::string_view> arguments;
  for (size_t begin = 0; begin <= line.size();) {
    size_t end = std::min(line.find(' ', begin), line.size());
    arguments.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  CommandSpec spec;
  spec.keys = specs;
  spec.flags = flags;
  Command command;
  command.spec = &spec;
  std::vector<KeyPosition> keys;
  Found found{FindKeys(command, arguments, &keys), {}};
  for (const KeyPosition& key : keys) found.positions.push_back(key.index);
  return found;
}

TEST_CASE("a range of keys") {
  CHECK(Keys(kReadKey, "get k") == Found{true, {1}});
  CHECK(Keys(kReadKeys, "mget a b c") == Found{true, {1, 2, 3}});
  constexpr KeySpec kPairs[] = {{.last = -1, .step = 2}};
  CHECK(Keys(kPairs, "mset a 1 b 2") == Found{true, {1, 3}});
  CHECK(Keys(kPairs, "mset a 1 b") == Found{true, {1, 3}});
  constexpr KeySpec kAllButLast[] = {{.last = -2}};
  CHECK(Keys(kAllButLast, "blpop a b 0") == Found{true, {1, 2}});
  CHECK(Keys(kAllButLast, "blpop 0") == Found{false, {}});
  constexpr KeySpec kSecond[] = {{.begin_index = 2}};
  CHECK(Keys(kSecond, "object encoding k") == Found{true, {2}});
  CHECK(Keys(kSecond, "object help") == Found{false, {}});
}

TEST_CASE("several specs, each with its flags") {
  constexpr KeySpec kTwo[] = {{.flags = kKeyRo}, {.flags = kKeyOw, .begin_index = 2}};
  CommandSpec spec;
  spec.keys = kTwo;
  Command command;
  command.spec = &spec;
  const std::string_view arguments[] = {"copy", "a", "b", "replace"};
  std::vector<KeyPosition> keys;
  REQUIRE(FindKeys(command, arguments, &keys));
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].index == 1);
  CHECK(keys[0].flags == kKeyRo);
  CHECK(keys[1].index == 2);
  CHECK(keys[1].flags == kKeyOw);
}

TEST_CASE("a number of keys") {
  constexpr KeySpec kEval[] = {{.begin_index = 2, .find = Find::kKeynum}};
  CHECK(Keys(kEval, "eval s 2 a b c") == Found{true, {3, 4}});
  CHECK(Keys(kEval, "eval s 0 a", kNoMandatoryKeys) == Found{true, {}});
  CHECK(Keys(kEval, "eval s 0", kNoMandatoryKeys) == Found{true, {}});
  CHECK(Keys(kEval, "eval s -1", kNoMandatoryKeys) == Found{false, {}});
  CHECK(Keys(kEval, "x s 0 a") == Found{false, {}});
  CHECK(Keys(kEval, "eval s 3 a b") == Found{false, {}});
  CHECK(Keys(kEval, "eval s x a") == Found{false, {}});
  CHECK(Keys(kEval, "eval s -1 a") == Found{false, {}});
  CHECK(Keys(kEval, "eval s 9223372036854775807 a") == Found{false, {}});
  CHECK(Keys(kEval, "eval s") == Found{false, {}});
  constexpr KeySpec kStore[] = {{.begin_index = 1},
                                {.begin_index = 2, .find = Find::kKeynum, .keynum_index = 0, .first_key = 1}};
  CHECK(Keys(kStore, "zunionstore d 2 a b weights 1 2") == Found{true, {1, 3, 4}});
  CHECK(Keys(kStore, "zunionstore d 0 a") == Found{false, {1}});
}

TEST_CASE("keys behind a keyword") {
  constexpr KeySpec kStreams[] = {
      {.begin = Begin::kKeyword, .begin_index = 1, .keyword = "STREAMS", .last = -1, .limit = 2}};
  CHECK(Keys(kStreams, "xread streams a b 0 0") == Found{true, {2, 3}});
  CHECK(Keys(kStreams, "xread COUNT 2 Streams a 0") == Found{true, {4}});
  CHECK(Keys(kStreams, "xread COUNT 2") == Found{true, {}});
  CHECK(Keys(kStreams, "xread streams") == Found{false, {}});
  constexpr KeySpec kBackwards[] = {
      {.begin = Begin::kKeyword, .begin_index = -2, .keyword = "KEYS", .last = -1}};
  CHECK(Keys(kBackwards, "migrate h p k 0 10 KEYS a b") == Found{true, {7, 8}});
  CHECK(Keys(kBackwards, "migrate h p k 0 10 b KEYS") == Found{true, {}});
  CHECK(Keys(kBackwards, "migrate KEYS KEYS a") == Found{true, {3}});
}

TEST_CASE("what the specs cannot tell makes the answer incomplete, and keeps what they can") {
  constexpr KeySpec kSort[] = {{.flags = kKeyRo},
                               {.flags = kKeyOw, .begin = Begin::kUnknown, .find = Find::kUnknown}};
  CHECK(Keys(kSort, "sort k store d") == Found{false, {1}});
  constexpr KeySpec kToldByRow[] = {
      {.begin = Begin::kUnknown,
       .find = Find::kUnknown,
       .position_of = [](std::span<const std::string_view> a) { return a.size() > 2 ? a.size() - 1 : 0; }}};
  CHECK(Keys(kToldByRow, "x a b") == Found{true, {2}});
  CHECK(Keys(kToldByRow, "x a") == Found{true, {}});
  constexpr KeySpec kIncomplete[] = {{.flags = kKeyRo | kKeyIncomplete}};
  CHECK(Keys(kIncomplete, "x k") == Found{false, {1}});
  constexpr KeySpec kChannel[] = {{.flags = kKeyNotKey}};
  CHECK(Keys(kChannel, "spublish c m") == Found{true, {}});
}

}  // namespace
}  // namespace corral::command
