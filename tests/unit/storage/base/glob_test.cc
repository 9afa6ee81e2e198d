// Glob patterns against Redis's answers and against the recursive definition.
#include "storage/base/glob.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/unit/seed.h"
#include "tests/unit/storage/base/reference_glob.h"

namespace corral::storage {
namespace {

TEST_CASE("glob: Redis's answers") {
  CHECK(GlobMatch("h?llo", "hello"));
  CHECK(!GlobMatch("h?llo", "hllo"));
  CHECK(GlobMatch("h*llo", "heeeello"));
  CHECK(GlobMatch("*", "x"));
  CHECK(!GlobMatch("*", ""));  // KEYS * answers before it matches
  CHECK(GlobMatch("", ""));
  CHECK(!GlobMatch("", "a"));
  CHECK(GlobMatch("a**", "a"));
  CHECK(!GlobMatch("a*b", "a"));
  CHECK(GlobMatch("h[ae]llo", "hallo"));
  CHECK(!GlobMatch("h[^e]llo", "hello"));
  CHECK(GlobMatch("h[b-a]llo", "hallo"));
  CHECK(!GlobMatch("h[]llo", "hello"));
  CHECK(GlobMatch("h[^]llo", "hello"));
  CHECK(GlobMatch("h[a", "ha"));
  CHECK(GlobMatch("[a-]", "]"));
  CHECK(GlobMatch("h\\?", "h?"));
  CHECK(!GlobMatch("h\\?", "ha"));
  CHECK(GlobMatch("h\\", "h\\"));
  CHECK(GlobMatch("[\\]]", "]"));
  CHECK(GlobMatch("MAX*", "maxmemory", true));
  CHECK(!GlobMatch("MAX*", "maxmemory"));
  CHECK(GlobMatch("[A-C]x", "bX", true));
  CHECK(!GlobMatch("[\\A]", "a", true));
}

TEST_CASE("glob: many stars stay cheap") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  std::string text(20000, 'a');
  CHECK(!GlobMatch(pattern + "b", text));
  CHECK(GlobMatch(pattern, text));
}

TEST_CASE("glob: random patterns against the recursive definition") {
  uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  auto bytes = [&random](size_t most, std::string_view alphabet) {
    std::string text;
    for (size_t i = random() % (most + 1); i > 0; --i) text += alphabet[random() % alphabet.size()];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string pattern = bytes(9, "aabbABz***??[[]]^--\\\xff\x80");
    std::string text = bytes(8, "aabABz^-]\\*\xff\x80");
    if (text.empty()) continue;
    bool nocase = random() % 2 == 0;
    int steps = 1000000;
    bool expected = ReferenceGlob(pattern, text, nocase, &steps);
    REQUIRE(steps > 0);
    CAPTURE(pattern);
    CAPTURE(text);
    REQUIRE(GlobMatch(pattern, text, nocase) == expected);
    matched += expected;
  }
  CHECK(matched > 1000);
}

}  // namespace
}  // namespace corral::storage
