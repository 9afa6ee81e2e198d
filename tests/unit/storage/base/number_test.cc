// Numbers as Redis reads and prints them.
#include "storage/base/number.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "tests/unit/seed.h"

namespace corral::storage {
namespace {

using namespace std::string_literals;

template <typename T>
std::optional<T> Parse(bool (*parse)(std::string_view, T*), std::string_view text) {
  T value = 77;
  if (parse(text, &value)) return value;
  CHECK(value == 77);
  return {};
}

std::string Format(int64_t value) {
  char digits[kIntegerDigits];
  return {digits, FormatInt64(value, digits)};
}

TEST_CASE("number: signed integers are strict") {
  CHECK(Parse(ParseInt64, "0") == 0);
  CHECK(Parse(ParseInt64, "-1") == -1);
  CHECK(Parse(ParseInt64, "9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK(Parse(ParseInt64, "-9223372036854775808") == std::numeric_limits<int64_t>::min());
  for (std::string text : {"",
                           "-",
                           "-0",
                           "00",
                           "01",
                           "-01",
                           "+1",
                           " 1",
                           "1 ",
                           "1a",
                           "a",
                           "--1",
                           "0x1",
                           "1.0",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "18446744073709551616",
                           "99999999999999999999",
                           "100000000000000000000",
                           "/",
                           ":"}) {
    CAPTURE(text);
    CHECK(!Parse(ParseInt64, text));
  }
  CHECK(!Parse(ParseInt64, "1\0"s));
  CHECK(!Parse(ParseInt64, "\xb1"));
}

TEST_CASE("number: unsigned integers") {
  CHECK(Parse(ParseUint64, "0") == 0);
  CHECK(Parse(ParseUint64, "9999999999999999999") == 9999999999999999999u);
  CHECK(Parse(ParseUint64, "18446744073709551615") == std::numeric_limits<uint64_t>::max());
  for (std::string text : {"", "-1", "+1", "01", "18446744073709551616", "28446744073709551615",
                           "1844674407370955161x", "99999999999999999999", "184467440737095516150"}) {
    CAPTURE(text);
    CHECK(!Parse(ParseUint64, text));
  }
}

TEST_CASE("number: random integers to text and back") {
  uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200000; ++i) {
    auto value = static_cast<int64_t>(random() >> (random() % 64));
    if (random() % 2 == 0) value = -value;
    std::string text = Format(value);
    REQUIRE(text == std::to_string(value));
    REQUIRE(Parse(ParseInt64, text) == value);
    REQUIRE(Parse(ParseUint64, std::to_string(static_cast<uint64_t>(value))) == static_cast<uint64_t>(value));
  }
  CHECK(Format(std::numeric_limits<int64_t>::min()) == "-9223372036854775808");
  for (int64_t value = 0; value < 20000; ++value) REQUIRE(Format(value) == std::to_string(value));
}

TEST_CASE("number: doubles read like strtod with Redis's refusals") {
  CHECK(Parse(ParseDouble, "3.25") == 3.25);
  CHECK(Parse(ParseDouble, "+5") == 5.0);
  CHECK(Parse(ParseDouble, ".5") == 0.5);
  CHECK(Parse(ParseDouble, "5.") == 5.0);
  CHECK(Parse(ParseDouble, "-1e-18") == -1e-18);
  CHECK(Parse(ParseDouble, "0x10") == 16.0);
  CHECK(Parse(ParseDouble, "-0x1p-2") == -0.25);
  CHECK(Parse(ParseDouble, "Inf") == HUGE_VAL);
  CHECK(Parse(ParseDouble, "-infinity") == -HUGE_VAL);
  CHECK(Parse(ParseDouble, "5e-324") == 5e-324);
  CHECK(Parse(ParseDouble, std::string(300, '0') + "7") == 7.0);
  CHECK(std::signbit(Parse(ParseDouble, "-0").value()));
  for (std::string text :
       {"", " 1", "1 ", "\n1", "nan", "-nan", "1e400", "-1e400", "1e-400", "1x", "1e", "--1", "-"}) {
    CAPTURE(text);
    CHECK(!Parse(ParseDouble, text));
  }
  CHECK(!Parse(ParseDouble, "1\0"s));
}

TEST_CASE("number: long doubles") {
  CHECK(Parse(ParseLongDouble, "0.5") == 0.5L);
  CHECK(Parse(ParseLongDouble, "1e400") == 1e400L);
  CHECK(Parse(ParseLongDouble, "1e-400") == 1e-400L);
  CHECK(Parse(ParseLongDouble, "inf") == HUGE_VALL);
  CHECK(Parse(ParseLongDouble, std::string(5118, '0') + "1") == 1.0L);
  for (std::string text : {"", " 1", "1 ", "nan", "1e5000", "1e-5000"}) {
    CAPTURE(text);
    CHECK(!Parse(ParseLongDouble, text));
  }
  CHECK(!Parse(ParseLongDouble, std::string(5119, '0') + "1"));
  CHECK(FormatLongDouble(0.1L) == "0.1");
  CHECK(FormatLongDouble(3000.0L) == "3000");
  CHECK(FormatLongDouble(-0.0L) == "0");
  CHECK(FormatLongDouble(-1e-18L) == "0");
  CHECK(FormatLongDouble(123456789.123456789L) == "123456789.12345678899873747");
  CHECK(FormatLongDouble(1e17L) == "100000000000000000");
  CHECK(FormatLongDouble(HUGE_VALL) == "inf");
  CHECK(FormatLongDouble(-HUGE_VALL) == "-inf");
  CHECK(FormatLongDouble(std::numeric_limits<long double>::max()).size() == 4933);
}

TEST_CASE("number: doubles are printed like %.17g") {
  CHECK(FormatDouble(3.14) == "3.1400000000000001");
  CHECK(FormatDouble(1e16) == "10000000000000000");
  CHECK(FormatDouble(1e17) == "1e+17");
  CHECK(FormatDouble(3e-5) == "3.0000000000000001e-05");
  CHECK(FormatDouble(5e-324) == "4.9406564584124654e-324");
  CHECK(FormatDouble(-0.0) == "-0");
  CHECK(FormatDouble(HUGE_VAL) == "inf");
  CHECK(FormatDouble(-HUGE_VAL) == "-inf");
  CHECK(FormatDouble(-std::nan("")) == "nan");
  uint64_t seed = TestSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 3 == 0)
      value = static_cast<double>(static_cast<int64_t>(random())) / static_cast<double>(1 + random() % 1000);
    if (i % 3 == 1)
      value = std::floor(std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 60)));
    if (!std::isfinite(value)) continue;
    char expected[64];
    snprintf(expected, sizeof(expected), "%.17g", value);
    std::string text = FormatDouble(value);
    REQUIRE(text == expected);
    REQUIRE(text.size() < kDoubleChars);
    REQUIRE(Parse(ParseDouble, text) == value);
  }
}

}  // namespace
}  // namespace corral::storage
