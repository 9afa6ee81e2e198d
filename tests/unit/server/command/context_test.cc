#include "server/command/context.h"

#include <doctest/doctest.h>

#include "tests/unit/server/commands/command_run.h"

namespace corral::command {
namespace {

using commands::CommandRun;

TEST_CASE("option words are compared in any case") {
  CommandRun run;
  run.With({"get", "ex", "Ex", "EX", "exat", "e", "{X"}, [](Context& ctx) {
    CHECK(ctx.Is(1, "EX"));
    CHECK(ctx.Is(2, "EX"));
    CHECK(ctx.Is(3, "EX"));
    CHECK_FALSE(ctx.Is(4, "EX"));
    CHECK_FALSE(ctx.Is(5, "EX"));
    CHECK_FALSE(ctx.Is(6, "[X"));
  });
}

TEST_CASE("integers: strict, and the error is the reply") {
  CommandRun run;
  int64_t value = 0;
  CHECK(run.With({"get", "-17"}, [&](Context& ctx) { CHECK(ctx.ReadInteger(1, &value)); }) == "");
  CHECK(value == -17);
  for (std::string_view text : {"", "a", "1 ", " 1", "+1", "01", "1.0", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK(run.With({"get", text}, [&](Context& ctx) { CHECK_FALSE(ctx.ReadInteger(1, &value)); }) ==
          "-ERR value is not an integer or out of range\r\n");
  }
  CHECK(value == -17);
  CHECK(run.With({"get", "a"}, [&](Context& ctx) { CHECK_FALSE(ctx.ReadInteger(1, &value, "ERR own")); }) ==
        "-ERR own\r\n");
}

TEST_CASE("integers in a range: bounds included, Redis's text without one of the caller's") {
  CommandRun run;
  int64_t value = 0;
  auto read = [&](std::string_view text, std::string_view error) {
    return run.With({"get", text}, [&](Context& ctx) { ctx.ReadIntegerInRange(1, -2, 5, &value, error); });
  };
  CHECK(read("-2", {}) == "");
  CHECK(value == -2);
  CHECK(read("5", {}) == "");
  CHECK(value == 5);
  CHECK(read("6", {}) == "-ERR value is out of range, value must between -2 and 5\r\n");
  CHECK(read("-3", "ERR own") == "-ERR own\r\n");
  CHECK(read("x", "ERR own") == "-ERR own\r\n");
  CHECK(read("x", {}) == "-ERR value is not an integer or out of range\r\n");
  CHECK(value == 5);
}

TEST_CASE("database indexes") {
  CommandRun run;
  int index = -7;
  auto read = [&](std::string_view text) {
    return run.With({"get", text}, [&](Context& ctx) { ctx.ReadDatabaseIndex(1, &index, "ERR none such"); });
  };
  CHECK(read("15") == "");
  CHECK(index == 15);
  CHECK(read("16") == "-ERR none such\r\n");
  CHECK(read("-1") == "-ERR none such\r\n");
  CHECK(read("x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(read("99999999999") ==
        "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
  CHECK(index == 15);
}

TEST_CASE("floats") {
  CommandRun run;
  long double value = 0;
  CHECK(run.With({"get", "1.5e3"}, [&](Context& ctx) { CHECK(ctx.ReadLongDouble(1, &value)); }) == "");
  CHECK(value == 1500.0L);
  CHECK(run.With({"get", "1.5 "}, [&](Context& ctx) { CHECK_FALSE(ctx.ReadLongDouble(1, &value)); }) ==
        "-ERR value is not a valid float\r\n");
}

TEST_CASE("HELP and the subcommand's error name the container in upper case") {
  CommandRun run;
  CHECK(run.With({"obJect", "help"},
                 [](Context& ctx) {
                   const std::string_view lines[] = {"A", "    b."};
                   ctx.ReplyHelp(lines);
                 }) ==
        "*5\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+A\r\n+    b.\r\n+HELP\r\n"
        "+    Prints this help.\r\n");
  CHECK(run.With({"obJect", "fOo"}, [](Context& ctx) { ctx.ReplySubcommandSyntax(); }) ==
        "-ERR unknown subcommand or wrong number of arguments for 'fOo'. Try OBJECT HELP.\r\n");
}

}  // namespace
}  // namespace corral::command
