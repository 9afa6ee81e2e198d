// Parsing and printing of single values.
#include "server/config/value.h"

#include <doctest/doctest.h>

namespace corral::config {
namespace {

TEST_CASE("config value: memory sizes") {
  CHECK(ParseMemory("0") == 0u);
  CHECK(ParseMemory("10b") == 10u);
  CHECK(ParseMemory("1k") == 1000u);
  CHECK(ParseMemory("1Kb") == 1024u);
  CHECK(ParseMemory("2M") == 2'000'000u);
  CHECK(ParseMemory("2mB") == 2u * 1024 * 1024);
  CHECK(ParseMemory("3g") == 3'000'000'000u);
  CHECK(ParseMemory("3GB") == 3ull * 1024 * 1024 * 1024);
  CHECK(ParseMemory("18446744073709551615") == UINT64_MAX);
  CHECK(ParseMemory("") == 0u);
  for (const char* text : {"-1", "1tb", "1.5g", "x", "1 k", "18446744073709551616", "99999999999gb"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseMemory(text).has_value());
  }
}

TEST_CASE("config value: the shortest exact memory text") {
  CHECK(ShortMemory(0) == "0");
  CHECK(ShortMemory(1000) == "1000");
  CHECK(ShortMemory(3 * 1024) == "3kb");
  CHECK(ShortMemory(1536 * 1024) == "1536kb");
  CHECK(ShortMemory(64 << 20) == "64mb");
  CHECK(ShortMemory(2ull << 30) == "2gb");
}

TEST_CASE("config value: every directive prints what it reads") {
  const Settings settings = DefaultSettings();
  for (const Directive& directive : Directives()) {
    CAPTURE(directive.name);
    Settings copy = settings;
    const std::string text = FormatValue(directive, settings);
    std::vector<std::string> words = {text};
    if (directive.Has(kManyWords)) {
      words.clear();
      for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(' ', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
      }
    }
    const Result stored = StoreValue(directive, words, Stage::kRuntime, &copy);
    CHECK_MESSAGE(stored.ok(), stored.error());
    CHECK(FormatValue(directive, copy) == text);
  }
}

TEST_CASE("config value: no name or alias occurs twice, and a kept value has no slot") {
  for (const Directive& directive : Directives()) {
    CAPTURE(directive.name);
    CHECK(FindDirective(directive.name) == &directive);
    if (!directive.alias.empty()) CHECK(FindDirective(directive.alias) == &directive);
    CHECK((directive.kind == Kind::kForm) == (directive.form != nullptr));
    CHECK((directive.kind == Kind::kChoice || directive.kind == Kind::kChoices) ==
          !directive.choices.empty());
    // What Corral keeps but does not act upon must say so, or refuse all but one value.
    const bool kept =
        directive.form == nullptr && directive.slot.get == nullptr && directive.slot.text == nullptr;
    if (kept) CHECK((directive.Has(kAccepted) || directive.check != nullptr));
  }
  CHECK(FindDirective("nonesuch") == nullptr);
  CHECK(FindDirective("MaxMemory")->name == "maxmemory");
}

}  // namespace
}  // namespace corral::config
