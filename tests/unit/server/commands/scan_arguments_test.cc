#include <doctest/doctest.h>

#include <string>

#include "server/commands/scan_arguments.h"

namespace corral::commands {
namespace {

uint64_t Cursor(std::string_view text) {
  uint64_t cursor = 12345;
  CAPTURE(text);
  CHECK(ParseCursor(text, &cursor));
  return cursor;
}

TEST_CASE("cursors are read as strtoul reads them") {
  CHECK(Cursor("0") == 0);
  CHECK(Cursor("") == 0);
  CHECK(Cursor("+7") == 7);
  CHECK(Cursor("007") == 7);
  CHECK(Cursor("-1") == UINT64_MAX);
  CHECK(Cursor("18446744073709551615") == UINT64_MAX);
  CHECK(Cursor(std::string_view("3\0x", 3)) == 3);
}

TEST_CASE("anything else is no cursor") {
  uint64_t cursor = 0;
  for (std::string_view text : {"abc", " 0", "0 ", "0x", "1.5", "--1", "+-1", "-", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseCursor(text, &cursor));
  }
}

}  // namespace
}  // namespace corral::commands
