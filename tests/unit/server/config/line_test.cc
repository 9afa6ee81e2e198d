// Splitting and quoting of configuration lines.
#include "server/config/line.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/unit/seed.h"

namespace corral::config {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("config line: words, quotes and escapes") {
  CHECK(*SplitArguments("  save  60\t1 ") == Words{"save", "60", "1"});
  CHECK(*SplitArguments("a \"b c\" 'd \\' \"e'") == Words{"a", "b c", "d ' \"e"});
  CHECK(*SplitArguments(R"("\n\r\t\a\b\x41\q\\\"")") == Words{"\n\r\t\a\bAq\\\""});
  CHECK(*SplitArguments("\"\" ''") == Words{"", ""});
  CHECK(*SplitArguments("ab\"cd\"") == Words{"abcd"});
  CHECK(SplitArguments("   ")->empty());
}

TEST_CASE("config line: unbalanced quotes are refused") {
  for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"a\\\"", "'a\\'", "\"a\\"}) {
    CAPTURE(line);
    CHECK_FALSE(SplitArguments(line).has_value());
  }
}

TEST_CASE("config line: any bytes survive quoting") {
  const unsigned seed = TestSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t size = random() % 40; size > 0; size--) text.push_back(static_cast<char>(random()));
    const auto words = SplitArguments("x " + Quoted(text) + " y");
    REQUIRE(words.has_value());
    CHECK(*words == Words{"x", text, "y"});
  }
}

TEST_CASE("config line: CONFIG SET splits at every single space") {
  CHECK(SplitAtSpaces("60  1") == Words{"60", "", "1"});
  CHECK(SplitAtSpaces("").empty());
}

}  // namespace
}  // namespace corral::config
