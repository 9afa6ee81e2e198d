#include "server/commands/string/lcs.h"

#include <doctest/doctest.h>

#include <ctime>
#include <random>
#include <string>

namespace corral::commands {
namespace {

bool IsSubsequence(std::string_view part, std::string_view whole) {
  size_t at = 0;
  for (char c : whole) at += at < part.size() && part[at] == c;
  return at == part.size();
}

// The length by plain recursion over all choices.
uint32_t SlowLength(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return 0;
  if (a.back() == b.back()) return SlowLength(a.substr(0, a.size() - 1), b.substr(0, b.size() - 1)) + 1;
  return std::max(SlowLength(a.substr(0, a.size() - 1), b), SlowLength(a, b.substr(0, b.size() - 1)));
}

TEST_CASE("the example of the command's page") {
  CommonSubsequence common("ohmytext", "mynewtext");
  REQUIRE(common.Compute());
  CHECK(common.length() == 6);
  CHECK(common.Text() == "mytext");
  std::vector<CommonRun> runs = common.Runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].a_first == 4);
  CHECK(runs[0].a_last == 7);
  CHECK(runs[0].b_first == 5);
  CHECK(runs[0].b_last == 8);
  CHECK(runs[1].a_first == 2);
  CHECK(runs[1].b_first == 0);
  CHECK(runs[1].size() == 2);
}

TEST_CASE("empty strings have nothing in common") {
  for (auto [a, b] : {std::pair("", ""), std::pair("a", ""), std::pair("", "a"), std::pair("a", "b")}) {
    CommonSubsequence common(a, b);
    REQUIRE(common.Compute());
    CHECK(common.length() == 0);
    CHECK(common.Text().empty());
    CHECK(common.Runs().empty());
  }
}

TEST_CASE("random strings: longest, common, and the runs spell it") {
  const unsigned seed = static_cast<unsigned>(std::time(nullptr));
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string a, b;
    for (size_t n = random() % 9; n > 0; --n) a += static_cast<char>('a' + random() % 3);
    for (size_t n = random() % 9; n > 0; --n) b += static_cast<char>('a' + random() % 3);
    CAPTURE(a);
    CAPTURE(b);
    CommonSubsequence common(a, b);
    REQUIRE(common.Compute());
    CHECK(common.length() == SlowLength(a, b));
    const std::string text = common.Text();
    CHECK(text.size() == common.length());
    CHECK(IsSubsequence(text, a));
    CHECK(IsSubsequence(text, b));
    std::string spelled;
    for (const CommonRun& run : common.Runs()) {
      CHECK(a.substr(run.a_first, run.size()) == b.substr(run.b_first, run.size()));
      CHECK(run.b_last - run.b_first == run.a_last - run.a_first);
      spelled.insert(0, a, run.a_first, run.size());
    }
    CHECK(spelled == text);
  }
}

}  // namespace
}  // namespace corral::commands
