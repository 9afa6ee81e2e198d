#include "server/command/table.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/commands/families.h"

namespace corral::command {
namespace {

void Nothing(Context&) {}

constexpr KeySpec kKey[] = {{.flags = kKeyRo}};
constexpr KeySpec kTwo[] = {{.flags = kKeyRw}, {.flags = kKeyOw, .begin_index = 2}};
constexpr KeySpec kCounted[] = {{.flags = kKeyRo, .begin_index = 2, .find = KeySpec::Find::kKeynum}};

constexpr CommandSpec Row(std::string_view name, int arity, uint32_t flags, uint32_t categories,
                          std::span<const KeySpec> keys, std::span<const CommandSpec> subcommands = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .categories = categories,
          .keys = keys,
          .handler = subcommands.empty() ? Nothing : nullptr,
          .group = "generic",
          .since = "1.0.0",
          .complexity = "O(1)",
          .summary = "A row of the test.",
          .syntax = "",
          .tips = {},
          .subcommands = subcommands};
}

constexpr CommandSpec kChildren[] = {Row("list", 2, kReadonly, kCatConnection, {}),
                                     Row("set", 4, kAdmin, 0, {})};
constexpr CommandSpec kRows[] = {
    Row("two", 3, kWrite, kCatKeyspace, kTwo),
    Row("read", 2, kReadonly | kFast, kCatString, kKey),
    Row("counted", -3, kReadonly | kMovableKeys, kCatScripting, kCounted),
    Row("box", -2, 0, 0, {}, kChildren),
    Row("wait_for_it", 2, kWrite | kBlocking | kPubsub, 0, kKey),
};

CommandTable Table() {
  const std::span<const CommandSpec> families[] = {kRows};
  return CommandTable(families);
}

TEST_CASE("a command is found by its name in any case, and by nothing else") {
  CommandTable table = Table();
  REQUIRE(table.Find("read") != nullptr);
  CHECK(table.Find("read")->name == "read");
  CHECK(table.Find("ReAd") == table.Find("read"));
  CHECK(table.Find("WAIT_FOR_IT") != nullptr);
  CHECK(table.Find("") == nullptr);
  CHECK(table.Find("rea") == nullptr);
  CHECK(table.Find("readd") == nullptr);
  CHECK(table.Find(std::string_view("read\0", 5)) == nullptr);
  CHECK(table.Find(std::string(100000, 'a')) == nullptr);
}

TEST_CASE("subcommands are found within their container") {
  CommandTable table = Table();
  const Command* box = table.Find("BOX");
  REQUIRE(box != nullptr);
  REQUIRE(box->subcommands.size() == 2);
  const Command* list = box->Subcommand("LiSt");
  REQUIRE(list != nullptr);
  CHECK(list->name == "box|list");
  CHECK(list->parent == box);
  CHECK(box->Subcommand("lis") == nullptr);
  CHECK(table.Find("list") == nullptr);
  CHECK(table.Find("box|list") == nullptr);
}

TEST_CASE("ids are dense and the top level is sorted") {
  CommandTable table = Table();
  REQUIRE(table.all().size() == 7);
  for (uint32_t i = 0; i < table.all().size(); ++i) CHECK(table.all()[i].id == i);
  std::vector<std::string> names;
  for (const Command* command : table.top_level()) names.push_back(command->name);
  CHECK(names == std::vector<std::string>{"box", "counted", "read", "two", "wait_for_it"});
}

TEST_CASE("categories follow from the flags") {
  CommandTable table = Table();
  CHECK(table.Find("read")->categories == (kCatRead | kCatString | kCatFast));
  CHECK(table.Find("two")->categories == (kCatKeyspace | kCatWrite | kCatSlow));
  CHECK(table.Find("counted")->categories == (kCatScripting | kCatSlow));
  CHECK(table.Find("wait_for_it")->categories == (kCatWrite | kCatPubsub | kCatSlow | kCatBlocking));
  CHECK(table.Find("box")->categories == kCatSlow);
  CHECK(table.Find("box")->Subcommand("set")->categories == (kCatAdmin | kCatDangerous | kCatSlow));
}

TEST_CASE("the legacy key range follows from the key specs") {
  CommandTable table = Table();
  auto range = [&](std::string_view name) {
    const Command* command = table.Find(name);
    return std::vector<int>{command->first_key, command->last_key, command->key_step};
  };
  CHECK(range("read") == std::vector<int>{1, 1, 1});
  CHECK(range("two") == std::vector<int>{1, 2, 1});
  CHECK(range("counted") == std::vector<int>{0, 0, 0});
  CHECK(range("box") == std::vector<int>{0, 0, 0});
}

TEST_CASE("arity counts the name, and negative is a least number") {
  CommandTable table = Table();
  CHECK(table.Find("read")->TakesArguments(2));
  CHECK_FALSE(table.Find("read")->TakesArguments(1));
  CHECK_FALSE(table.Find("read")->TakesArguments(3));
  CHECK(table.Find("counted")->TakesArguments(3));
  CHECK(table.Find("counted")->TakesArguments(300));
  CHECK_FALSE(table.Find("counted")->TakesArguments(2));
}

TEST_CASE("renaming") {
  CommandTable table = Table();
  const Command* read = table.Find("read");
  CHECK_FALSE(table.Rename("absent", "other"));
  CHECK_FALSE(table.Rename("read", "TWO"));
  CHECK(table.Find("read") == read);
  CHECK(table.Rename("READ", "Secret"));
  CHECK(table.Find("read") == nullptr);
  CHECK(table.Find("SECRET") == read);
  CHECK(table.Rename("secret", "SECRET"));
  CHECK(table.Find("secret") == read);
  CHECK(table.Rename("two", ""));
  CHECK(table.Find("two") == nullptr);
  CHECK(table.top_level().size() == 4);
}

TEST_CASE("a row may end in keys that are none") {
  static constexpr KeySpec kTargetAndSources[] = {{.flags = kKeyRw},
                                                  {.flags = kKeyRo, .begin_index = 2, .last = -1}};
  static constexpr CommandSpec kRow[] = {{.name = "merge",
                                          .arity = -2,
                                          .flags = kWrite,
                                          .keys = kTargetAndSources,
                                          .handler = [](Context&) {},
                                          .group = "generic",
                                          .since = "1.0.0",
                                          .complexity = "O(N)",
                                          .summary = "Merges.",
                                          .syntax = "target [source [source ...]]"}};
  const std::span<const CommandSpec> families[] = {kRow};
  const CommandTable table(families);
  const Command& merge = *table.Find("merge");
  CHECK(merge.first_key == 1);
  CHECK(merge.last_key == -1);
  std::vector<KeyPosition> keys;
  const std::string_view alone[] = {"merge", "a"}, both[] = {"merge", "a", "b"};
  CHECK_FALSE(FindKeys(merge, alone, &keys));  // as Redis: the second range does not fit
  CHECK(FindKeys(merge, both, &keys));
  CHECK(keys.size() == 2);
}

// The legacy ranges and categories as redis-server's COMMAND INFO shows them.
TEST_CASE("the families of strings and keys fit together") {
  const std::span<const CommandSpec> families[] = {
      commands::StringCommands(), commands::ManyStringsCommands(), commands::SubstringCommands(),
      commands::NumberCommands(), commands::KeyspaceCommands(),    commands::DatabaseCommands(),
      commands::ExpireCommands(), commands::ScanCommands(),        commands::ObjectCommands()};
  CommandTable table(families);
  struct Expected {
    std::string_view name;
    int first, last, step;
    uint32_t categories;
  };
  const Expected expected[] = {
      {"set", 1, 1, 1, kCatWrite | kCatString | kCatSlow},
      {"get", 1, 1, 1, kCatRead | kCatString | kCatFast},
      {"mset", 1, -1, 2, kCatWrite | kCatString | kCatSlow},
      {"mget", 1, -1, 1, kCatRead | kCatString | kCatFast},
      {"msetex", 0, 0, 0, kCatWrite | kCatString | kCatSlow},
      {"lcs", 1, 2, 1, kCatRead | kCatString | kCatSlow},
      {"rename", 1, 2, 1, kCatKeyspace | kCatWrite | kCatSlow},
      {"copy", 1, 2, 1, kCatKeyspace | kCatWrite | kCatSlow},
      {"unlink", 1, -1, 1, kCatKeyspace | kCatWrite | kCatFast},
      {"keys", 0, 0, 0, kCatKeyspace | kCatRead | kCatSlow | kCatDangerous},
      {"scan", 0, 0, 0, kCatKeyspace | kCatRead | kCatSlow},
      {"swapdb", 0, 0, 0, kCatKeyspace | kCatWrite | kCatFast | kCatDangerous},
      {"object", 0, 0, 0, kCatSlow},
  };
  for (const Expected& row : expected) {
    CAPTURE(row.name);
    const Command* command = table.Find(row.name);
    REQUIRE(command != nullptr);
    CHECK(command->first_key == row.first);
    CHECK(command->last_key == row.last);
    CHECK(command->key_step == row.step);
    CHECK(command->categories == row.categories);
  }
  const Command* encoding = table.Find("object")->Subcommand("encoding");
  REQUIRE(encoding != nullptr);
  CHECK(encoding->first_key == 2);
  CHECK(encoding->categories == (kCatKeyspace | kCatRead | kCatSlow));
}

}  // namespace
}  // namespace corral::command
